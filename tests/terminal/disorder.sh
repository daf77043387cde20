#!/bin/sh
# Leaves its terminal in the worst state, in the middle of a string, then does what it is told.
#     disorder.sh COMMAND
printf '\033[22;0t\033[>1u\033[?1h\033=\033[?7;25l\033[?9;1000;1002;1003;1004;1005;1006;1015;1016h'
printf '\033[?2004;2031;2048h\033[>4;2m\033[4 q\033[4h\033]9;4;1;50\007'
printf '\0337\033[?1049h\033[>7u\033[=8;2u\033[3;9r\033(0\033)0\016\033[7;31m\033]8;;http://x\033\\'
printf '\033[?2026h\033]0;half-a-title'
eval "$1"
