#!/bin/sh
# Before a deployment: no new damage in the last day, and the constraints the release relies on.
# Stops the deployment on findings (1), and if nothing could be determined (2, 3). A day without
# recordings does not stop it.
set -eu
petrec validate --no-baseline --since 24h --allow-empty --expect petrec-expect.toml --no-rows --quiet
