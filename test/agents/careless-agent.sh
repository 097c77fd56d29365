#!/bin/sh
# Takes whatever it gets for a prompt, a question about its arguments included, and acts on it: CALLS counts the times.
echo "$*" >>"$CALLS"
echo "I have done it."
