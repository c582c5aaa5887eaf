#!/bin/sh
# limit: 600
# A sample of what t/proof proves by kills of the injector and the runner at their system calls.
exec sh "$(dirname "$0")/proof" -n kills
