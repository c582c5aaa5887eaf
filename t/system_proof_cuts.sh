#!/bin/sh
# limit: 600
# A sample of what t/proof proves by power cuts between any two changes of the queue.
exec sh "$(dirname "$0")/proof" -n cuts
