/// What one client knows of its market from the answers it was given, and what must hold therefore. Pure.
///
/// A request without an answer may have been carried out, and may yet be: by a replica that sleeps, for instance. After one,
/// less is known, and less is demanded.
struct MarketLedger: Sendable, Equatable {
    enum Request: String, Sendable, CaseIterable {
        case start
        case stop
        case pause
        case resume
    }

    enum Answer: Sendable, Equatable {
        /// 2xx, with the strategy's id.
        case done(id: Int64)
        /// 409: this strategy has the market.
        case taken(by: Int64)
        /// 409: started, and stopped by another request before it ran.
        case stoppedMeanwhile
        /// 404.
        case notActive
        /// It did not reach the replica.
        case neverSent
        /// No answer, or one that leaves it open.
        case unknown
    }

    /// Every strategy whose start was answered with success.
    private(set) var started: Set<Int64> = []
    /// Every strategy whose stop was.
    private(set) var stopped: Set<Int64> = []
    /// Active for certain, unless a stop is in doubt.
    private(set) var active: Int64?
    private(set) var startInDoubt = false
    private(set) var stopInDoubt = false
    private(set) var everPaused = false

    /// Takes an answer. Returns what is wrong with it, if anything is.
    mutating func note(_ request: Request, _ answer: Answer) -> String? {
        if request == .pause, answer != .neverSent { everPaused = true }
        switch (request, answer) {
        case (_, .neverSent): return nil
        case (.start, .unknown): startInDoubt = true
        case (.stop, .unknown): stopInDoubt = true
        case (_, .unknown): return nil
        case (.start, .done(let id)): return startDone(id)
        case (.start, .taken(let id)): return startRefused(by: id)
        case (.start, .stoppedMeanwhile):
            defer { active = nil }
            if !stopInDoubt { return "a start was undone, although nobody has asked for a stop" }
        case (.stop, .done(let id)): return stopDone(id)
        case (_, .done(let id)):
            if let active, active != id, !stopInDoubt { return "strategy \(id) answered where \(active) was active" }
        case (_, .notActive):
            defer { active = nil }
            if let active, !stopInDoubt {
                return "strategy \(active) is gone: a \(request.rawValue) was answered with 404"
            }
        case (_, .taken), (_, .stoppedMeanwhile): return "a \(request.rawValue) was answered with 409"
        }
        return nil
    }

    private mutating func startDone(_ id: Int64) -> String? {
        defer { active = id }
        if !started.insert(id).inserted || stopped.contains(id) { return "strategy \(id) was started twice" }
        guard let active, !stopInDoubt else { return nil }
        return "strategy \(id) was started beside \(active)"
    }

    private mutating func startRefused(by id: Int64) -> String? {
        // On its way out.
        if stopped.contains(id) { return nil }
        defer { active = id }
        if let active, active != id, !stopInDoubt { return "strategy \(id) has the market of \(active)" }
        if active == nil, !startInDoubt { return "strategy \(id) has the market, although none was started" }
        return nil
    }

    private mutating func stopDone(_ id: Int64) -> String? {
        stopped.insert(id)
        defer { active = nil }
        if let active, active != id, !stopInDoubt { return "strategy \(id) was stopped instead of \(active)" }
        return nil
    }

    /// What is wrong with how it ended.
    ///
    /// - Parameters:
    ///   - active: The strategy that is active in this market now.
    ///   - history: All that were stopped.
    func judge(active now: Int64?, history: Set<Int64>) -> [String] {
        var wrong: [String] = []
        for id in started.sorted() where now != id && !history.contains(id) {
            wrong.append("I6: strategy \(id) was started with success, and there is no trace of it")
        }
        for id in stopped.sorted() {
            if now == id { wrong.append("I6: the stop of strategy \(id) was answered with success, and it is active") }
            if !history.contains(id) { wrong.append("I6: strategy \(id) was stopped and is not in the history") }
        }
        if let active, !stopInDoubt, now != active {
            wrong.append("I6: strategy \(active) was started and never stopped, and it is not active")
        }
        if active == nil, !startInDoubt, let now, !stopped.contains(now) {
            wrong.append("I6: strategy \(now) is active, although nobody has started it")
        }
        return wrong
    }
}
