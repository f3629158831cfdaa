import Testing

/// What may go wrong in a run, and how often.
struct SimulationProfile: CustomTestStringConvertible, Sendable {
    var name: String
    /// Faults are drawn from these, each as often as it is listed.
    var faults: [Fault]
    /// Milliseconds between two faults, at most.
    var faultGap = 4_000
    /// One in so many messages is late by up to `lateness`; 0 for none.
    var lateMessages = 60
    var lateness = 60_000
    /// One in so many is later still, by up to `extremeLateness`.
    var extremelyLateMessages = 1_500
    var extremeLateness = 4_000_000
    /// One in so many answers is lost with its connection, after it took effect; 0 for none.
    var lostAnswers = 1_500
    /// Clocks go wrong by up to this many parts per million (the margin allows for a tenth).
    var drift: Int64 = 20_000
    var hasEqualCapacities = false
    /// Strategies in a shard, each as often as it is listed.
    var shardSizes = [0, 1, 1, 1, 1, 2, 3, 0]
    /// Whether the server ends silent sessions; without it the lease alone has to do it.
    var idleSessionTimeout = true
    /// A fence, once everybody has joined, is a violation.
    var nobodyMayBeFenced = false
    /// What is switched off, to see whether the simulation notices.
    var mutations: Set<Mutation> = []

    var testDescription: String { name }

    enum Fault: CaseIterable, Sendable {
        case crash, powerLoss, pause, shortPause, partition, sessionEnded, watcherEnded, databaseRestart, drain, join
        case listenerLost
        /// A session is lost to its process, and stays on the server.
        case halfOpen
        /// A standby takes over that misses the last commits.
        case failover
    }

    /// A rule of the protocol that is broken, in the database or on the way to it.
    enum Mutation: CaseIterable, Sendable {
        /// Every lock counts as seen held.
        case nothingNeedsToBeObserved
        /// A session counts as one that has been up for a TTL already.
        case sessionsAreOldAtOnce
        /// A fence for an expired lease does not look at the lease again.
        case fenceIgnoresLease
        /// A claim takes what it has chosen, whatever happened since.
        case claimIgnoresEpoch
        /// Nothing is ever listed.
        case nothingIsListed
        /// A write needs no token.
        case writesNeedNoToken
        /// A write needs the right owner, at whatever epoch.
        case writesIgnoreEpoch
        /// Ids are numbers of the sequence alone, and no timeline is compared.
        case idsWithoutTimeline
        /// A write is not compared with the server's timeline.
        case writesIgnoreTimeline
        /// The lease is trusted from the answer on, not from before the question.
        case trustBeginsWithTheAnswer
        /// A connection may convict that a server shutting down ends later than the session it watches.
        case watchersOfAnyAge
        /// A session that takes the place of another does not say so before it ends that.
        case sessionsAreReplacedSilently
        /// It says so, but counts as one of then before it has the lock.
        case sessionsAreYoungTooEarly
    }

    static let everything = SimulationProfile(name: "everything", faults: Fault.allCases)

    /// Nothing goes wrong but what the test does.
    static let calm = SimulationProfile(
        name: "calm",
        faults: [],
        lateMessages: 0,
        drift: 1_000,
        hasEqualCapacities: true
    )

    /// Failing databases and nothing else: nothing may move.
    static let restarts = SimulationProfile(
        name: "restarts",
        faults: [.databaseRestart],
        faultGap: 7_000,
        extremelyLateMessages: 0,
        lostAnswers: 0,
        nobodyMayBeFenced: true
    )

    /// No session ends by itself when its process is silent: the leases have to do it.
    static let leases = SimulationProfile(
        name: "leases",
        faults: [.pause, .powerLoss, .partition, .crash, .pause],
        idleSessionTimeout: false
    )

    /// Standbys that take over without the last commits, while replicas come and go.
    static let failovers = SimulationProfile(
        name: "failovers",
        faults: [.failover, .crash, .join, .partition, .failover, .pause],
        faultGap: 3_000
    )

    /// Deploys: everybody comes and goes in an orderly way, over a bad network.
    static let deploys = SimulationProfile(
        name: "deploys",
        faults: [.drain, .join, .drain, .join, .sessionEnded, .databaseRestart],
        faultGap: 2_000,
        lostAnswers: 200
    )
}
