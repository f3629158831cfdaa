/*
 * The order protocol: one strategy, run by one of two processes at a time, its journal in the database, and an
 * exchange that takes every order it is sent in time, also one with an id that it has filled before.
 *
 * Each atomic step is one statement, one request or one local decision; between any two of them everything else may
 * happen, for however long: a paused process is one that takes no step. Nothing here asks whether a process is
 * trusted before it sends: I3 does not rest on that. README.md says more.
 *
 * Sizes and faults are set with -D (see `check`). -DNO_<RULE> leaves one protective rule out.
 */
#ifndef DECISIONS   /* candles on which the strategy decides to order */
#define DECISIONS 2
#endif
#ifndef EVENTS      /* at most so many of the following, in any mixture of those that are switched on with 1 */
#define EVENTS 0
#endif
#ifndef CRASHES     /* a process dies and is started again */
#define CRASHES 0
#endif
#ifndef FENCES      /* the owner is declared dead though it lives */
#define FENCES 0
#endif
#ifndef LOSSES      /* a commit is of unknown fate */
#define LOSSES 0
#endif
#ifndef FAILOVERS   /* to a standby that lost any number of the last commits (once) */
#define FAILOVERS 0
#endif

/* Status of an order in the journal. */
#define UNKNOWN 0
#define INTENDED 1
#define SETTLED 2       /* it is at the exchange, and the journal knows */
#define ABANDONED 3

/* Time since a request was signed. */
#define UNSIGNED 0
#define OPEN 1          /* within the receive window */
#define LATE 2          /* after it, within the settling margin: an accepted order may still be missing from answers */
#define OVER 3

/* Orders are numbered by their decision: 1 … DECISIONS. (0 stays unused.) */
#define AT(t_, d_) ((t_) * (DECISIONS + 1) + (d_))
#define SIZE (DECISIONS + 1)

/* The database. */
bit timeline;
byte owner;                     /* process + 1; 0: an orphan */
byte epoch;
byte cursor;                    /* the last candle that was decided on */
byte status[SIZE];
bit signedOn[SIZE];             /* the timeline under which signed_at was chosen */
bit reconciled;                 /* the timeline under which the journal was last made to agree with the exchange */
#if FAILOVERS
bool behind;                    /* the standby has stopped receiving: everything from now on will be lost */
byte s_owner, s_epoch, s_cursor, s_status[SIZE];
bit s_signedOn[SIZE];
bool s_givenUp[SIZE];
#endif

/* The network, the exchange, and its clock. */
byte underway[2 * SIZE];        /* requests on their way, by timeline and order */
byte age[2 * SIZE];
byte accepted[SIZE];            /* how often */
bool shown[SIZE];               /* a look-up finds it */

bool crashed[2];
byte events = EVENTS;
bool givenUp[SIZE];             /* what only the property knows */

hidden byte h;

/* Rule: every write matches owner, epoch and timeline, in the statement that writes. */
#ifdef NO_TIMELINE
#define MINE (owner == p + 1 && epoch == e)
#else
#define MINE (owner == p + 1 && epoch == e && t == timeline)
#endif

inline intend() {
    status[c] = INTENDED;
    signedOn[c] = t;
    age[AT(t, c)] = OPEN
}

/* One statement: cursor, state, and the intent; an id that is there already is left alone. */
inline commit() {
    cursor = c;
    if
#ifdef NO_DERIVED_ID
    :: true ->
#else
    /* Rule: the id is derived from the decision, so that a decision made again meets its order. */
    :: status[c] == UNKNOWN ->
#endif
        intend();
        fresh = true
    :: else
    fi
}

#if DECISIONS == 1
#define QUIET(t_) IS_QUIET(t_, 1)
#elif DECISIONS == 2
#define QUIET(t_) (IS_QUIET(t_, 1) && IS_QUIET(t_, 2))
#else
#define QUIET(t_) (IS_QUIET(t_, 1) && IS_QUIET(t_, 2) && IS_QUIET(t_, 3))
#endif
#define IS_QUIET(t_, d_) (age[AT(t_, d_)] == UNSIGNED || age[AT(t_, d_)] == OVER)

proctype Process(byte p) {
    byte e;                     /* the token */
    bit t;
    byte c;                     /* the cursor in memory */
    bool fresh;                 /* the intent is this commit's, so this process may send it, once */
    bool lost;                  /* the commit's answer */
    byte found;                 /* orders that the exchange shows (bits) */
    byte verdict;

start:
    {
        if
        :: true -> goto endIdle
        fi;
endIdle:
        atomic {
            /* (The first owner is the first process, without loss of generality.) */
            owner == 0 && (p == 0 || epoch > 0 || timeline > 0) ->
            d_step {
                owner = p + 1;
                epoch++;
                e = epoch;
                t = timeline;
                c = 0;
                fresh = false;
                lost = false
            }
        }
#if FAILOVERS && !defined(NO_TIMELINE)
        /* Restored under a timeline under which it was not reconciled yet: adopt the unknown. */
        if
        :: reconciled != t ->
#ifdef NO_MARK_LAST
            reconciled = t;
#endif
#ifndef NO_WAIT_OUT
            /* Rule: first wait out what the old world may still have under way. */
            QUIET(0);
#endif
            d_step {
                for (h : 1 .. DECISIONS) {
                    found = found | (shown[h] << h)
                }
                h = 0
            }
            atomic {
                if
                :: MINE ->
                    d_step {
                        for (h : 1 .. DECISIONS) {
                            if
#ifndef NO_ADOPTION
                            :: (found & (1 << h)) && status[h] != ABANDONED -> status[h] = SETTLED
#endif
                            :: else
                            fi
                        }
                        h = 0;
                        found = 0;
                        /* Rule: marked in the commit that adopts, so that whoever comes after a crash does it again. */
                        reconciled = t
                    }
                :: !MINE -> found = 0; goto endIdle
                fi
            }
        :: else
        fi;
#endif
        c = cursor;
settle:
        /* Whatever is in doubt is the last decision: a strategy with an order in doubt is not fed. */
        if
        :: c != 0 && status[c] == INTENDED ->
            if
            :: shown[c] -> verdict = SETTLED
#ifdef NO_DOUBT
            :: !shown[c] -> verdict = ABANDONED
#elif defined(NO_SETTLING_MARGIN)
            :: !shown[c] && age[AT(signedOn[c], c)] >= LATE -> verdict = ABANDONED
#else
            /* Rule: not found means something only after the receive window and the settling margin. */
            :: !shown[c] && age[AT(signedOn[c], c)] == OVER -> verdict = ABANDONED
#endif
#ifdef NO_SENDING_ONCE
            :: !shown[c] -> atomic { underway[AT(t, c)] < 2 -> underway[AT(t, c)]++; goto settle }
#endif
            fi;
            atomic {
                if
                :: MINE ->
                    d_step {
                        /* I3: nothing is given up that is there. */
                        assert(verdict != ABANDONED || accepted[c] == 0);
                        status[c] = verdict;
                        givenUp[c] = (verdict == ABANDONED);
                        verdict = UNKNOWN
                    }
                :: !MINE -> verdict = UNKNOWN; goto endIdle
                fi
            }
        :: else
        fi;
        /* The next candle. */
        if
        :: c < DECISIONS -> c++
        :: c == DECISIONS ->
endAll:
            !MINE -> goto endIdle
        fi;
#ifdef NO_JOURNAL_FIRST
        d_step { age[AT(t, c)] = OPEN; underway[AT(t, c)]++ }
#endif
again:
        atomic {
            if
            :: MINE -> commit()
            :: !MINE -> goto endIdle
#if LOSSES
            :: events > 0 -> events--; lost = true;
                if
                :: MINE -> commit(); fresh = false
                :: true
                fi
#endif
            fi
        }
#if LOSSES
#ifdef NO_READING_BACK
        if
        :: lost -> fresh = true; age[AT(t, c)] = OPEN
        :: else
        fi;
#else
        /* Rule: after a commit of unknown fate nothing is sent before the journal was read back. */
        if
        :: lost ->
            atomic {
                lost = false;
                if
                :: !MINE -> goto endIdle
                :: MINE && cursor == c -> fresh = (status[c] == INTENDED)
                :: MINE && cursor != c -> goto again
                fi
            }
        :: else
        fi;
#endif
#endif
#ifndef NO_JOURNAL_FIRST
        /* It leaves, or not (not trusted any more, no connection): then it is in doubt like any other. */
        if
        :: fresh ->
            if
            :: underway[AT(t, c)]++
            :: true
            fi;
            fresh = false
        :: else
        fi;
#else
        fresh = false;
#endif
        goto settle
    } unless {
        d_step {
            crashed[p] ->
            crashed[p] = false;
            if
            :: owner == p + 1 -> owner = 0
            :: else
            fi;
            e = 0;
            t = 0;
            c = 0;
            fresh = false;
            lost = false;
            found = 0;
            verdict = UNKNOWN
        }
    };
    goto start
}

inline accept(d) {
    /* I3: nothing reaches the exchange twice, and nothing that was given up reaches it later. */
    assert(accepted[d] == 0);
    assert(!givenUp[d]);
    accepted[d]++
}

/* Lost on its way is as good as late.
 * Rule: the exchange refuses a request that arrives after its receive window. */
#ifdef NO_RECEIVE_WINDOW
#define ACCEPTABLE(i) (age[i] != UNSIGNED)
#else
#define ACCEPTABLE(i) (age[i] == OPEN)
#endif

#define REQUEST(i, d) \
    :: d_step { underway[i] > 0 && ACCEPTABLE(i) -> underway[i]--; accept(d) } \
    :: d_step { underway[i] > 0 && age[i] >= LATE -> underway[i]-- } \
    :: d_step { age[i] == OPEN -> age[i] = LATE } \
    :: d_step { age[i] == LATE && (accepted[d] == 0 || shown[d]) -> age[i] = OVER }

proctype Exchange() {
end:
    do
    REQUEST(AT(0, 1), 1)
    :: d_step { accepted[1] > 0 && !shown[1] -> shown[1] = true }
#if FAILOVERS
    REQUEST(AT(1, 1), 1)
#endif
#if DECISIONS > 1
    REQUEST(AT(0, 2), 2)
    :: d_step { accepted[2] > 0 && !shown[2] -> shown[2] = true }
#if FAILOVERS
    REQUEST(AT(1, 2), 2)
#endif
#endif
#if DECISIONS > 2
    REQUEST(AT(0, 3), 3)
    :: d_step { accepted[3] > 0 && !shown[3] -> shown[3] = true }
#if FAILOVERS
    REQUEST(AT(1, 3), 3)
#endif
#endif
    od
}

#define CRASH(p) d_step { CRASHES && events > 0 && !crashed[p] -> events--; crashed[p] = true }

proctype Environment() {
    do
    :: CRASH(0)
    :: CRASH(1)
    :: d_step { FENCES && events > 0 && owner != 0 -> events--; owner = 0 }
#if FAILOVERS
    :: d_step {
        !behind && events > 0 ->
        behind = true;
        s_owner = owner;
        s_epoch = epoch;
        s_cursor = cursor;
        for (h : 1 .. DECISIONS) {
            s_status[h] = status[h];
            s_signedOn[h] = signedOn[h];
            s_givenUp[h] = givenUp[h]
        }
        h = 0
    }
    :: d_step {
        behind && timeline == 0 && events > 0 ->
        events--;
        timeline = 1;
#ifdef NO_TIMELINE
        owner = s_owner;
#else
        /* Everybody's row is of the old timeline. */
        owner = 0;
#endif
        epoch = s_epoch;
        cursor = s_cursor;
        s_owner = 0;
        s_epoch = 0;
        s_cursor = 0;
        for (h : 1 .. DECISIONS) {
            status[h] = s_status[h];
            signedOn[h] = s_signedOn[h];
            givenUp[h] = s_givenUp[h];
            s_status[h] = 0;
            s_signedOn[h] = 0;
            s_givenUp[h] = 0
        }
        h = 0
    }
#endif
    /* Enough. */
    :: break
    od
}

init {
    atomic {
        run Exchange();
        run Environment();
        run Process(0);
        run Process(1)
    }
}

#ifdef LIVENESS
/* No doubt lasts for ever: every candle is decided on, and every order settled or abandoned. */
#define DONE (cursor == DECISIONS && status[DECISIONS] != INTENDED)
ltl I4 { <>[] DONE }
#endif
