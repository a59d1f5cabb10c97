"""What every endpoint shares: errors and their envelope, ids, cursors, types on the wire."""
