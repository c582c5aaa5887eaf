#!/bin/sh
# limit: 600
# A sample of what t/proof proves: kills of the injector and the runner at their system calls, and power cuts between any two
# changes of the queue.
exec sh "$(dirname "$0")/proof" -n
