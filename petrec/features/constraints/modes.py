"""Names of lock modes as pg_locks has them, and the two ways to wait."""

EXCLUSIVE = "AccessExclusiveLock"
SHARED = "ShareUpdateExclusiveLock"
KEY = "ShareRowExclusiveLock"
WRITES = "ShareLock"
ROWS = "RowShareLock"
SHORT, LONG = "short", "long"
