#!/bin/bash
exit ${2:-$1}
