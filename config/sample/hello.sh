#!/bin/sh
# Greets whoever is named, and shows the message of the day.
echo "hello, ${1:-world}"
cat /etc/motd
