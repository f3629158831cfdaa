/*
 * The ownership protocol: replicas that share one database so that every shard is run by exactly one of them.
 *
 * Each atomic step is one statement (a transaction of its own) or one local decision; between any two of them
 * everything else may happen, for however long. So a process that is paused at any instruction needs no event of its
 * own: it is one that takes no step. Time is abstract: see Clock, and what Environment says about silence. README.md
 * says more.
 *
 * Sizes and faults are set with -D (see `check`). -DNO_<RULE> leaves one protective rule out.
 */
#ifndef REPLICAS
#define REPLICAS 2
#endif
#ifndef SHARDS
#define SHARDS 1
#endif
#ifndef IDS         /* highest replica id that can be given out; asserted */
#define IDS 4
#endif
#ifndef EVENTS      /* at most so many of the following, in any mixture of those that are switched on with 1 */
#define EVENTS 0
#endif
#ifndef CRASHES     /* a process dies; it is started again, or not */
#define CRASHES 0
#endif
#ifndef CUTS        /* one session ends: cut, terminated, idle for too long */
#define CUTS 0
#endif
#ifndef DROPS       /* a replica loses its session, which goes on on the server, lock and all */
#define DROPS 0
#endif
#ifndef SILENCES    /* a living replica is silent for one TTL: its lease expires */
#define SILENCES 0
#endif
#ifndef RESTARTS    /* the database restarts */
#define RESTARTS 0
#endif
#ifndef FAILOVERS   /* to a standby that lost any number of the last commits (once) */
#define FAILOVERS 0
#endif
#ifndef HANDOVERS   /* a shard is handed over in good order */
#define HANDOVERS 0
#endif
#ifndef DRAINS      /* a replica hands over everything and leaves */
#define DRAINS 0
#endif
#ifndef NEWS        /* announcements and answers to them are under way: lost, late, doubled */
#define NEWS 0
#endif
#ifndef STAY_DEAD   /* a process that died is not started again while another lives */
#define STAY_DEAD 0
#endif
#ifndef WRITES      /* strategies write (without them only the life of the replicas is checked: fewer states) */
#define WRITES 1
#endif
#ifndef COLD        /* begins before anybody has joined */
#define COLD 0
#endif

#define ABSENT 0
#define LIVE 1
#define FENCED 2

#define GIVING (HANDOVERS || DRAINS)
#define BIT(i) (1 << (i))
#define RUN(p, s) running[(p) * SHARDS + (s)]

/* ------------------------------------------------------------------------------------------- the database --------- */

bool up = true;
bit timeline;
byte nextid;                    /* the sequence of replica ids */
byte row[IDS + 1];              /* replicas: absent, live, fenced */
bit rowtl[IDS + 1];             /* the timeline each joined under */
bool fresh[IDS + 1];            /* the lease has not expired by the database's clock */
bool held[IDS + 1];             /* the session lock is held */
byte owner[SHARDS];             /* 0: nobody */
byte epoch[SHARDS] = 1;
#if GIVING
byte handed[SHARDS];            /* whom it was released to; 0: to all */
bool quits[IDS + 1];            /* the row says that its replica is leaving */
#endif

#if FAILOVERS
bool behind;                    /* the standby has stopped receiving: everything from now on will be lost */
byte s_nextid, s_row[IDS + 1], s_owner[SHARDS], s_epoch[SHARDS];
#if GIVING
#error "a failover while shards are handed over is not modelled"
#endif
#endif

#define ORPHAN(s) (owner[s] == 0 || row[owner[s]] != LIVE)
#if GIVING
#define STAYS(i) (row[i] == LIVE && !quits[i])
/* Rule: what was released to somebody is kept for it only while it lives and stays. */
#ifdef NO_RECEIVER_CHECK
#define KEPT(p, s) (handed[s] != 0 && handed[s] != id[p])
#else
#define KEPT(p, s) (handed[s] != 0 && handed[s] != id[p] && STAYS(handed[s]))
#endif
/* Rule: what was announced is nobody's before it is released. */
#ifdef NO_RELEASE_FIRST
#define TAKEABLE(p, s) ((ORPHAN(s) && !KEPT(p, s)) || announced[s] == id[p])
#else
#define TAKEABLE(p, s) (ORPHAN(s) && !KEPT(p, s))
#endif
#else
#define TAKEABLE(p, s) ORPHAN(s)
#endif
#if SHARDS > 1
#define ANY_TAKEABLE(p) (TAKEABLE(p, 0) || TAKEABLE(p, 1))
#define OWNS(i) (owner[0] == i || owner[1] == i)
#define TOOK (got[0] != 0 || got[1] != 0)
#else
#define ANY_TAKEABLE(p) TAKEABLE(p, 0)
#define OWNS(i) (owner[0] == i)
#define TOOK (got[0] != 0)
#endif

/* ----------------------------------------------------------------------------------------------- processes -------- */

bool alive[REPLICAS] = true;
bool conn[REPLICAS];            /* its session exists on the server; the process learns of its end by its next statement */
bool seasoned[REPLICAS];        /* its session has been up for one TTL */
bool watches[REPLICAS];         /* the connection exists on which it watches */
byte id[REPLICAS];              /* 0: no member */
bit tl[REPLICAS];               /* the timeline it knows that it joined under */
byte running[REPLICAS * SHARDS]; /* the epoch at which the shard's strategies run here; 0: not here */
bool leaving[REPLICAS];         /* it drains */

#if DROPS
byte older[REPLICAS];           /* the sessions that are older than the connection on which it watches (bits) */
byte waits[REPLICAS];           /* for whose lock it waits there, having seen it held; 0: for nobody's */
bool comes[IDS + 1];            /* its session is being replaced */
/* Rule: only a connection that is younger than the session convicts. (Without DROPS that is rule (c), below.) */
#define CONVICTS(p, i) (older[p] & BIT(i))
#else
#define CONVICTS(p, i) true
#endif

#if NEWS
/* Notifications: each there from when it was sent until it is forgotten, so it is read never, late, or twice. */
byte announced[SHARDS];         /* whom the shard is announced to; 0: nobody */
bool awaited[SHARDS];           /* somebody is ready for it, or was once */
bool called[REPLICAS] = true;   /* there may be something to take */
#endif

byte events = EVENTS;            /* still to come, at most */

/* --------------------------------------------------------------------- what only the properties know -------------- */

byte births;                    /* incarnations so far; unlike ids never given out twice, whatever the database lost */
byte incarnation[REPLICAS];
bool guilty[REPLICAS];          /* more happened to it than a restart of the database, and it has not renewed since */
byte tenure[SHARDS];            /* the incarnation whose claim was the last to be committed on this timeline */
byte writer[SHARDS];            /* the incarnation that has written under the current epoch; 0: nobody yet */

#if REPLICAS == 2
#define ANY(what, x) (what(0, x) || what(1, x))
#define EVERY(what, x) (what(0, x) && what(1, x))
#else
#define ANY(what, x) (what(0, x) || what(1, x) || what(2, x))
#define EVERY(what, x) (what(0, x) && what(1, x) && what(2, x))
#endif

#define HOLDS(p, i) (alive[p] && id[p] == (i) && tl[p] == rowtl[i])
#define INNOCENT(p, i) (HOLDS(p, i) && !guilty[p])
#define LIVES(p, self) (alive[p] && p != (self))

/* Rule: the WAL timeline is part of the token. What must match the server's is the timeline that the replica itself
 * knows: the row under its id may be somebody else's by now, who got the same id from a sequence that ran backwards.
 * */
#if defined(NO_TIMELINE)
#define TIMELINE(tl_, id_) true
#elif defined(NO_OWN_TIMELINE)
#define TIMELINE(tl_, id_) (rowtl[id_] == timeline)
#else
#define TIMELINE(tl_, id_) (tl_ == timeline)
#endif

#define MEMBER(p) (row[id[p]] == LIVE && TIMELINE(tl[p], id[p]))

hidden byte h;
hidden byte k;

/* Rule: a fence checks its reason once more, under the lock under which it commits. */
#ifdef NO_FENCE_RECHECK
#define STILL(reason) true
#else
#define STILL(reason) (reason)
#endif

/* Rule: notifications only wake; what there is to take is looked for at every heartbeat, too. */
#ifdef NO_POLLING
#define WOKEN(p) called[p]
#else
#define WOKEN(p) true
#endif

inline wakeAll() {
#ifdef NO_POLLING
    for (k : 0 .. REPLICAS - 1) {
        called[k] = true
    }
    k = 0
#else
    skip
#endif
}

/* The verdict. I5, and more: nobody is fenced to whom nothing but restarts of the database happened since it renewed. */
inline fence(victim) {
    assert(!ANY(INNOCENT, victim));
    row[victim] = FENCED;
    fresh[victim] = false;
    wakeAll()
}

/* What a heartbeat brings back: whose leases have expired, and who is no member any more. */
inline look() {
    suspects = 0;
    for (k in row) {
        if
        :: k != id[p] && row[k] == LIVE && !fresh[k] -> suspects = suspects | BIT(k)
        :: row[k] != LIVE -> seen = seen & ~BIT(k)
        :: else
        fi
    }
    k = 0
}

/* Whom to watch: the next in the ring of ids; 0 if there is nobody else. */
inline next() {
    target = 0;
    for (k in row) {
        if
        :: k != 0 && k != id[p] && row[k] == LIVE && (target == 0 || (target < id[p] && k > id[p])) -> target = k
        :: else
        fi
    }
    k = 0
}

inline endSession(q) {
    conn[q] = false;
    seasoned[q] = false;
    held[id[q]] = false
}

inline forgetSeen() {
#ifndef NO_FORGETTING
    seen = 0;
#endif
    suspects = 0;
    target = 0
}

#if DROPS
/* A new connection to watch on: younger than every session that is there, but for those that are being replaced. */
inline watchAnew() {
    waits[p] = 0;
    older[p] = 0;
    for (k in row) {
        if
        :: row[k] == LIVE && !comes[k] -> older[p] = older[p] | BIT(k)
        :: else
        fi
    }
    k = 0
}

/* The session of p is younger than every connection that is there. */
inline renewSession() {
    for (h : 0 .. REPLICAS - 1) {
        older[h] = older[h] & ~BIT(id[p])
    }
    h = 0
}
#endif

/* What was to be released may have been or not. */
inline stopGiving() {
    if
    :: e != 0 -> unknown = true
    :: else
    fi;
    gives = 0;
    receiver = 0;
    e = 0
}

inline stopAll(q) {
    for (h : 0 .. SHARDS - 1) {
        RUN(q, h) = 0
    }
    h = 0
}

#if GIVING
#define GOES_ON(q, s) (alive[q] && tl[q] == timeline && RUN(q, s) == epoch[s])
#else
#define GOES_ON(q, s) false
#endif

inline claimOne() {
    /* A hand-over is one: what is taken from nobody who is dead stands still by then. */
    assert((owner[s] != 0 && row[owner[s]] != LIVE) || !ANY(GOES_ON, s));
#if GIVING
    handed[s] = 0;
#endif
#ifndef NO_EPOCH_STEP
    epoch[s]++;
    writer[s] = 0;
#endif
    owner[s] = id[p];
    tenure[s] = incarnation[p];
    got[s] = epoch[s]
}

#define MAY_CLAIM(p) (!leaving[p] && MEMBER(p) && ANY_TAKEABLE(p) && WOKEN(p))
#define CAN_RECEIVE(i) (STAYS(i) && i != id[p])

proctype Replica(byte p) {
    byte target;                /* whom it watches */
    byte suspects;              /* whose leases had expired at the last heartbeat (bits) */
    byte seen;                  /* whose session locks were seen held in this session (bits) */
    bool unknown;               /* a claim or release of unknown fate */
    byte gives;                 /* the shard that is being handed over, + 1 */
    byte receiver;              /* to whom; 0: whoever comes */
    byte got[SHARDS];           /* what a claim took, until its answer is in */
    byte e;
    byte s;

start:
    {
        if
        :: id[p] == 0 -> goto joining
        :: else -> goto turn
        fi;
joining:
        /* Session, id, lock and row; nobody can see it before the row is there. */
        atomic { up && !held[nextid + 1] -> d_step {
            nextid++;
            births++;
            assert(nextid <= IDS);
            id[p] = nextid;
            incarnation[p] = births;
            tl[p] = timeline;
            conn[p] = true;
            guilty[p] = false;
            row[nextid] = LIVE;
            rowtl[nextid] = timeline;
#if GIVING
            quits[nextid] = false;
#endif
            fresh[nextid] = true;
            held[nextid] = true;
            unknown = false;
            watches[p] = false;
            seen = 0
        } }
turn:
        /* Heartbeat. */
        atomic {
            if
            :: !conn[p] -> goto detached
            :: conn[p] && !MEMBER(p) -> goto fenced
            :: conn[p] && MEMBER(p) ->
                d_step {
                    fresh[id[p]] = true;
                    guilty[p] = false;
                    look()
                }
            fi
        }
        /* Judge the leases. */
#ifndef NO_LEASE
        if
#ifdef NO_UP_ONE_TTL
        :: suspects != 0 ->
#else
        /* Rule (b): an expired lease counts only if one's own session has been up for one TTL. */
        :: suspects != 0 && seasoned[p] ->
#endif
            atomic {
                if
                :: !conn[p] -> goto detached
                :: else ->
                    d_step {
                        for (h in row) {
                            if
                            :: (suspects & BIT(h)) && row[id[p]] == LIVE && row[h] == LIVE && STILL(!fresh[h]) -> fence(h)
                            :: else
                            fi
                        }
                        h = 0;
                        suspects = 0
                    }
                fi
            }
        :: else -> suspects = 0
        fi;
#endif
#ifndef NO_LISTING
        /* Rule: after a claim (or release) of unknown fate, what is owned is listed, and the two made to agree. */
        if
#if GIVING
        /* It is listed now and then, too; rule: not while something is handed over, whose answer would come too late. */
#ifdef NO_LISTING_WAITS
        :: true ->
#else
        :: gives == 0 ->
#endif
#else
        :: unknown ->
#endif
            atomic {
                if
                :: !conn[p] -> goto detached
                :: else ->
                    d_step {
                        for (h : 0 .. SHARDS - 1) {
                            RUN(p, h) = (owner[h] == id[p] -> epoch[h] : 0)
                        }
                        h = 0;
                        unknown = false
                    }
                fi
            }
#if GIVING
        :: !unknown
#else
        :: else
#endif
        fi;
#endif
        /* Watch: a long poll on a connection of its own, which convicts in the transaction that is granted the lock. */
#ifndef NO_WATCH
        d_step {
            next();
            if
            :: !watches[p] ->
                /* What was seen over the last connection means nothing over the next. */
#ifndef NO_FORGETTING
                seen = 0;
#endif
#if DROPS
                watchAnew();
#endif
                watches[p] = up
            :: watches[p] && target != 0 && held[target] ->
                seen = seen | BIT(target);
#if DROPS
                if
                :: CONVICTS(p, target) -> waits[p] = target
                :: else -> watchAnew()
                fi
#endif
#ifdef NO_OBSERVED_HELD
            :: watches[p] && target != 0 && !held[target] ->
#else
            /* Rule (a): a free lock counts only if it was seen held in this session of one's own. */
            :: watches[p] && target != 0 && !held[target] && (seen & BIT(target)) ->
#endif
                if
                :: row[id[p]] == LIVE && row[target] == LIVE && CONVICTS(p, target) ->
                    fence(target);
                    seen = seen & ~BIT(target)
#if DROPS
                /* Asked once more on another one; of a session that is being replaced it learns nothing. */
                :: row[target] == LIVE && !CONVICTS(p, target) && !comes[target] -> watchAnew()
#endif
                :: else -> seen = seen & ~BIT(target)
                fi
            :: else
            fi;
            target = 0
        }
#endif
        /* Claim: at least one orphan, perhaps all. (Fair shares are arithmetic, not protocol.) */
        atomic {
            if
            :: !conn[p] -> goto detached
            :: conn[p] && !MAY_CLAIM(p)
            :: conn[p] && MAY_CLAIM(p) && TAKEABLE(p, 0) -> s = 0; claimOne();
#if SHARDS > 1
                if
                :: TAKEABLE(p, 1) -> s = 1; claimOne()
                :: true
                fi
            :: conn[p] && MAY_CLAIM(p) && TAKEABLE(p, 1) -> s = 1; claimOne()
#endif
            fi;
#ifdef NO_POLLING
            called[p] = false;
#endif
            s = 0
        }
        /* Its answer; lost, if the session has ended meanwhile. */
        if
        :: TOOK ->
            if
            :: d_step {
                for (h : 0 .. SHARDS - 1) {
                    if
                    :: got[h] != 0 -> RUN(p, h) = got[h]; got[h] = 0
                    :: else
                    fi
                }
                h = 0
            }
            :: atomic {
                !conn[p] ->
                d_step {
                    for (h : 0 .. SHARDS - 1) {
                        got[h] = 0
                    }
                    h = 0;
                    unknown = true
                }
                goto detached
            }
            fi
        :: else
        fi;
#if GIVING
        /* Hands one over in good order, a step a turn: it goes on with everything else meanwhile. */
        if
        :: gives != 0 && e == 0 -> goto settle
        :: gives != 0 && e != 0 -> goto release
        :: else
        fi;
        if
        :: !leaving[p] ->
            if
            :: true
#if HANDOVERS
            :: d_step { events > 0 && RUN(p, 0) != 0 -> events--; gives = 1 }
#if SHARDS > 1
            :: d_step { events > 0 && RUN(p, 1) != 0 -> events--; gives = 2 }
#endif
#endif
#if DRAINS
            :: d_step { events > 0 && ANY(LIVES, p) -> events--; leaving[p] = true }
#endif
            fi
        :: leaving[p] ->
            /* Everything; and the row says so. */
            atomic {
                if
                :: !conn[p] -> goto detached
                :: conn[p] -> quits[id[p]] = true
                fi
            }
            if
            :: RUN(p, 0) != 0 -> gives = 1
#if SHARDS > 1
            :: RUN(p, 1) != 0 -> gives = 2
#endif
            :: else
            fi
        fi;
        if
        :: gives != 0 ->
            /* The receiver is told what will come, so that it gets ready. Nothing is owned by that. */
            atomic {
                if
                :: !conn[p] -> goto detached
                :: conn[p] && CAN_RECEIVE(1) -> receiver = 1
                :: conn[p] && CAN_RECEIVE(2) -> receiver = 2
#if IDS > 2
                :: conn[p] && CAN_RECEIVE(3) -> receiver = 3
#endif
#if IDS > 3
                :: conn[p] && CAN_RECEIVE(4) -> receiver = 4
#endif
                :: conn[p] -> receiver = 0
                fi
#if NEWS
                announced[gives - 1] = receiver
#endif
            }
        :: else
        fi;
        goto given;
settle:
        /* Then, whether the receiver has answered or not, the strategies are brought to a settled point and stopped. */
#ifdef NO_PATIENCE
        if
        :: receiver == 0 || awaited[gives - 1]
        :: !conn[p] -> goto detached
        fi;
#endif
        atomic {
            e = RUN(p, gives - 1);
            if
            :: e == 0 -> gives = 0; receiver = 0
            :: else ->
#ifndef NO_SETTLE_FIRST
                RUN(p, gives - 1) = 0
#endif
            fi
        }
        goto given;
release:
        /* And the shard is released to the receiver, if that lives and stays, or else to all. */
        atomic {
            if
            :: !conn[p] -> goto detached
            :: conn[p] ->
                d_step {
                    s = gives - 1;
                    if
                    :: owner[s] == id[p] && epoch[s] == e ->
                        owner[s] = 0;
                        handed[s] = (STAYS(receiver) -> receiver : 0);
                        wakeAll()
                    :: else
                    fi;
                    s = 0
                }
            fi
        }
        d_step {
#ifdef NO_SETTLE_FIRST
            if
            :: RUN(p, gives - 1) == e -> RUN(p, gives - 1) = 0
            :: else
            fi;
#endif
            gives = 0;
            receiver = 0;
            e = 0
        }
given:
#if DRAINS
        /* Nothing owned any more (the foreign key says the same): the row goes, the lock is freed. */
        if
        :: leaving[p] && gives == 0 ->
            atomic {
                if
                :: conn[p] && row[id[p]] == LIVE && !OWNS(id[p]) ->
                    d_step {
                        row[id[p]] = ABSENT;
                        endSession(p);
                        id[p] = 0;
                        alive[p] = false;
                        leaving[p] = false
                    }
                    goto gone
                :: else -> unknown = true
                fi
            }
        :: else
        fi;
#endif
#if NEWS
        /* Told of what will come, at any time, once or again: it gets ready, and says so. */
        if
        :: true
        :: conn[p] && announced[0] == id[p] -> awaited[0] = true
#if SHARDS > 1
        :: conn[p] && announced[1] == id[p] -> awaited[1] = true
#endif
        fi;
#endif
#endif
        goto turn;

detached:
#if DROPS
        /* Its old session may be there still. Rule: before it ends that one it says so, so that nobody who waits for the
         * lock, and has it for a moment, takes it for dead; and rule: not until it has the lock again. */
        atomic {
            up ->
            if
            :: tl[p] != timeline -> goto fenced
            :: tl[p] == timeline
            fi;
            d_step {
#ifndef NO_SAYING_SO
                renewSession();
#ifndef NO_UNTIL_BACK
                comes[id[p]] = true;
#endif
#endif
                skip
            }
        }
        atomic {
            up ->
            d_step {
                for (h : 0 .. REPLICAS - 1) {
                    if
                    :: held[id[p]] && alive[h] && watches[h] && waits[h] == id[p] && CONVICTS(h, id[p]) &&
                        row[id[h]] == LIVE && row[id[p]] == LIVE -> fence(id[p])
                    :: else
                    fi
                }
                h = 0;
                held[id[p]] = false
            }
        }
#endif
        /* Comes back: a new session (the old one ended, if it was still there), the lock again; then it renews. */
        atomic {
            up ->
            if
#if !defined(NO_TIMELINE) && !defined(NO_OWN_TIMELINE)
            :: tl[p] != timeline -> goto fenced
            :: tl[p] == timeline
#else
            :: true
#endif
            fi;
            d_step {
                for (h : 0 .. REPLICAS - 1) {
                    /* (Only where one id was given out twice.) */
                    if
                    :: id[h] == id[p] -> conn[h] = false; seasoned[h] = false
                    :: else
                    fi
                }
                h = 0;
                conn[p] = true;
                held[id[p]] = true;
#if DROPS
                renewSession();
                comes[id[p]] = false;
#endif
                stopGiving();
                forgetSeen()
            }
        }
        goto turn;

fenced:
        /* Everything here is stopped; it joins again as a new replica. */
        atomic { true -> d_step {
            endSession(p);
            stopAll(p);
            id[p] = 0;
            stopGiving();
            forgetSeen();
            unknown = false
        } }
#if DRAINS
        if
        :: leaving[p] -> d_step { alive[p] = false; leaving[p] = false } goto gone
        :: else
        fi;
#endif
        goto joining
    } unless {
        d_step {
            !alive[p] ->
            target = 0;
            suspects = 0;
            seen = 0;
            unknown = false;
            gives = 0;
            receiver = 0;
            leaving[p] = false;
            for (h : 0 .. SHARDS - 1) {
                got[h] = 0
            }
            h = 0;
            s = 0;
            e = 0
        }
    };
gone:
    if
    :: d_step { (id[p] != 0 && !STAY_DEAD) || !ANY(LIVES, p) -> alive[p] = true; id[p] = 0 }
        goto start
    :: ANY(LIVES, p)
    fi
}

/*
 * Writes on a strategy's behalf, over connections of the pool: the token is copied, and the statement arrives
 * whenever it likes, even after its process is gone.
 */
#if defined(NO_WRITE_GUARD)
#define GUARD true
#elif defined(NO_EPOCH_GUARD)
#define GUARD (owner[s] == o && TIMELINE(t, o))
#else
#define GUARD (owner[s] == o && epoch[s] == e && TIMELINE(t, o))
#endif

#define TAKE(p_, s_) RUN(p_, s_) != 0 -> p = p_; s = s_

/* One at a time is enough: what a write must not do, it must not do whatever other writes are under way. */
proctype Writes() {
    byte p;                     /* the process it comes from */
    byte s;                     /* the token: shard, owner, epoch, timeline */
    byte o;
    byte e;
    bit t;
    byte by;

end:
    do
    :: atomic {
        if
        :: TAKE(0, 0)
        :: TAKE(1, 0)
#if REPLICAS > 2
        :: TAKE(2, 0)
#endif
#if SHARDS > 1
        :: TAKE(0, 1)
        :: TAKE(1, 1)
#if REPLICAS > 2
        :: TAKE(2, 1)
#endif
#endif
        fi;
        d_step { o = id[p]; e = RUN(p, s); t = tl[p]; by = incarnation[p] }
    }
    d_step {
        up ->
        if
        :: GUARD ->
#ifdef NO_GUARD_IN_STATEMENT
            skip
        :: else -> e = 0
        fi
    }
    d_step {
        up ->
        if
        :: e != 0 ->
#endif
            /* I1 */
            assert(e != epoch[s] || writer[s] == 0 || by == writer[s]);
            /* I2 */
            assert(by == tenure[s] && e == epoch[s]);
            writer[s] = by
        :: else ->
            /* Lost: stopped here, at once. */
            if
            :: id[p] == o && RUN(p, s) == e -> RUN(p, s) = 0
            :: else
            fi
        fi;
        p = 0;
        s = 0;
        o = 0;
        e = 0;
        t = 0;
        by = 0
    }
    od
}

/*
 * What time does by itself.
 * - The lease of a row that nobody keeps alive expires.
 * - A session becomes one TTL old. Until then every replica to which nothing but a restart happened is back and has
 *   renewed: it opens its session as soon as the server accepts any, and that takes less than one TTL.
 */
#define BACK(q, p) (q == p || !alive[q] || id[q] == 0 || guilty[q] || (conn[q] && fresh[id[q]]))
#define EXPIRE(i) d_step { row[i] == LIVE && fresh[i] && !ANY(HOLDS, i) -> fresh[i] = false }
#define SEASON(p) d_step { alive[p] && conn[p] && !seasoned[p] && EVERY(BACK, p) -> seasoned[p] = true }

#if DROPS
/* A session that nobody uses is ended by the server after one TTL; as silent is its replica. */
#define GO_STALE(p) d_step { alive[p] && id[p] != 0 && !conn[p] && held[id[p]] -> guilty[p] = true; held[id[p]] = false }
#endif

proctype Clock() {
end:
    do
    :: EXPIRE(1)
    :: EXPIRE(2)
#if IDS > 2
    :: EXPIRE(3)
#endif
#if IDS > 3
    :: EXPIRE(4)
#endif
#if IDS > 4
    :: EXPIRE(5)
#endif
#if IDS > 5
    :: EXPIRE(6)
#endif
#if DROPS
    :: GO_STALE(0)
    :: GO_STALE(1)
#endif
    :: SEASON(0)
    :: SEASON(1)
#if REPLICAS > 2
    :: SEASON(2)
#endif
    od
}

#if NEWS
/* Notifications are forgotten, read or not. */
proctype Oblivion() {
end:
    do
    :: announced[0] != 0 -> announced[0] = 0
    :: awaited[0] -> awaited[0] = false
#if SHARDS > 1
    :: announced[1] != 0 -> announced[1] = 0
    :: awaited[1] -> awaited[1] = false
#endif
#ifdef NO_POLLING
    :: called[0] -> called[0] = false
    :: called[1] -> called[1] = false
#endif
    od
}
#endif

#define CRASH(p) d_step { \
        CRASHES && events > 0 && alive[p] && id[p] != 0 -> \
        events--; endSession(p); stopAll(p); alive[p] = false }
#define CUT(p) d_step { CUTS && events > 0 && conn[p] -> events--; guilty[p] = true; endSession(p) }
#define DROP(p) d_step { DROPS && events > 0 && conn[p] -> events--; conn[p] = false; seasoned[p] = false }
/* Its lease expires while it lives: paused, swapped out, or cut off for one TTL. */
#define SILENCE(p) d_step { \
        SILENCES && events > 0 && alive[p] && row[id[p]] == LIVE && fresh[id[p]] -> \
        events--; guilty[p] = true; fresh[id[p]] = false }

inline endWatches() {
    for (h : 0 .. REPLICAS - 1) {
        watches[h] = false
    }
    h = 0
}

inline endAllSessions() {
    for (h : 0 .. REPLICAS - 1) {
        conn[h] = false;
        seasoned[h] = false
    }
    /* Rule (c): a connection convicts only if it is younger than the session it watches, so it is ended before that. */
#ifndef NO_YOUNGER
    endWatches();
#endif
    for (h in held) {
        held[h] = false
    }
    h = 0
}

inline expireAll() {
    for (h in fresh) {
        fresh[h] = false
    }
    h = 0
}

proctype Environment() {
    do
    :: CRASH(0)
    :: CRASH(1)
    :: CUT(0)
    :: CUT(1)
#if DROPS
    :: DROP(0)
    :: DROP(1)
#endif
    :: SILENCE(0)
    :: SILENCE(1)
#if REPLICAS > 2
    :: CRASH(2)
    :: CUT(2)
    :: SILENCE(2)
#endif
#if RESTARTS
    :: d_step { up && events > 0 -> events--; up = false; endAllSessions() }
    /* It was quick, or it took so long that every lease has expired. */
    :: d_step { !up -> up = true; endWatches() }
    :: d_step { !up -> expireAll(); up = true; endWatches() }
#endif
#if FAILOVERS
    :: d_step {
        !behind && events > 0 ->
        behind = true;
        s_nextid = nextid;
        for (h in row) {
            s_row[h] = row[h]
        }
        for (h : 0 .. SHARDS - 1) {
            s_owner[h] = owner[h];
            s_epoch[h] = epoch[h]
        }
        h = 0
    }
    :: d_step {
        behind && timeline == 0 && events > 0 ->
        events--;
        timeline = 1;
        endAllSessions();
        expireAll();
        nextid = s_nextid;
        for (h in row) {
            row[h] = s_row[h];
            s_row[h] = 0;
            rowtl[h] = 0
        }
        for (h : 0 .. SHARDS - 1) {
            owner[h] = s_owner[h];
            epoch[h] = s_epoch[h];
            s_owner[h] = 0;
            s_epoch[h] = 0;
            tenure[h] = 0;
            writer[h] = 0
        }
        h = 0;
        s_nextid = 0
    }
#endif
    /* Enough. */
    :: up -> break
    od
}

init {
    atomic {
#if !COLD
        d_step {
            for (h : 0 .. REPLICAS - 1) {
                nextid++;
                births++;
                id[h] = nextid;
                incarnation[h] = births;
                conn[h] = true;
                row[nextid] = LIVE;
                fresh[nextid] = true;
                held[nextid] = true
            }
            h = 0
        }
#endif
        run Clock();
#if NEWS
        run Oblivion();
#endif
        run Environment();
        run Replica(0);
        run Replica(1);
#if REPLICAS > 2
        run Replica(2);
#endif
#if WRITES && !defined(LIVENESS)
        run Writes();
#endif
    }
}

#ifdef LIVENESS
#define RUNS(p, s) (alive[p] && id[p] == owner[s] && RUN(p, s) == epoch[s])
#define STRAYS(p, s) (alive[p] && id[p] != owner[s] && RUN(p, s) != 0)
#define SERVED(s) (!ORPHAN(s) && ANY(RUNS, s) && !ANY(STRAYS, s))

#if SHARDS > 1
#define ALL_SERVED (SERVED(0) && SERVED(1))
#else
#define ALL_SERVED SERVED(0)
#endif

#define LEAVES(p, x) leaving[p]

/* I4, in its strong form: once the faults have stopped, every shard comes to be run, by its owner alone, for ever; and
 * whoever was to leave has left. */
ltl I4 {
    <>[] (ALL_SERVED && !ANY(LEAVES, 0))
}
#endif
