// To be loaded before a program by LD_PRELOAD: its wall clock is off by SKEW_SECONDS, its monotonic clocks are right.
#ifndef SKEWED_CLOCK_H
#define SKEWED_CLOCK_H
#endif
