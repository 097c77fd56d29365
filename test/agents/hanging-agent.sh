#!/bin/sh
# Never answers, whatever it is asked, and has a child that does not either. Their pids go to PIDS.
trap '' INT TERM
echo $$ >>"$PIDS"
sleep 300 &
echo $! >>"$PIDS"
wait
sleep 300
