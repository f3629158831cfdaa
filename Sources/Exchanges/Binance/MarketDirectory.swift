import Synchronization
import Trading

/// What is known about markets, so that the heavy question is asked seldom.
///
/// All markets that trade are asked for at once, and again when that has become old: it costs as much as asking for one. What is
/// not among them (it does not trade now, is brand new, or was made up) is asked for by name, together with all others that
/// wait, and at a bounded pace: so names that somebody makes up cannot use up what the exchange allows. One question is under
/// way at a time, for everybody.
final class MarketDirectory: Sendable {
    private typealias Instant = ContinuousClock.Instant
    private typealias Answer = Result<Market, ExchangeError>
    private typealias Waiter = CheckedContinuation<Answer, Never>

    private enum Question {
        case all
        case names
    }

    private struct State {
        /// All that traded when it was asked for, and what was found by name since.
        var markets: [Symbol: Market] = [:]
        /// Until when `markets` are good; `nil`: nothing is known yet.
        var end: Instant?
        /// Names that there are no markets of, and until when that counts.
        var refusals: [Symbol: (error: ExchangeError, end: Instant)] = [:]
        var isAsking = false
        var isRenewing = false
        var nextID = 0
        var waiters: [Int: (symbol: Symbol, waiter: Waiter)] = [:]
        /// When the questions by name so far would have been asked at an even pace.
        var paced: Instant?

        func known(_ symbol: Symbol, at now: Instant) -> Answer? {
            guard let end, now < end else { return nil }
            if let market = markets[symbol] { return .success(market) }
            return refusals[symbol].flatMap { now < $0.end ? .failure($0.error) : nil }
        }

        /// False if somebody is asking already.
        mutating func begin() -> Bool {
            defer { isAsking = true }
            return !isAsking
        }

        /// What is to be asked now; `nil`: nothing more, and nobody is asking any longer.
        mutating func next(at now: Instant) -> Question? {
            let isOld = end.map { $0 <= now } ?? true
            if isRenewing || (isOld && !waiters.isEmpty) { return .all }
            if !waiters.isEmpty { return .names }
            isAsking = false
            return nil
        }

        /// Those who wait for one of these, and what they are told.
        mutating func answer(_ tell: (Symbol) -> Answer?) -> [(Waiter, Answer)] {
            var told: [(Waiter, Answer)] = []
            for (id, waiting) in waiters {
                guard let answer = tell(waiting.symbol) else { continue }
                waiters[id] = nil
                told.append((waiting.waiter, answer))
            }
            return told
        }
    }

    /// Symbols in one question; the URL grows with them.
    private static let largestQuestion = 100
    /// Questions by name: so many at once, then one in every second. That is a fifth of what the exchange allows.
    private static let burst = 20
    private static let pace = Duration.seconds(1)
    /// How long a name that was not found is not asked for again.
    private static let refusalLifetime = Duration.seconds(10)

    private let lifetime: Duration
    private let rest: BinanceRESTClient
    private let state = Mutex(State())

    init(lifetime: Duration, rest: BinanceRESTClient) {
        self.lifetime = lifetime
        self.rest = rest
    }

    /// Renews what is known before it is too old, so that nobody has to wait for that. Until the task is cancelled.
    func keep() async {
        while !Task.isCancelled {
            let begins = state.withLock { state in
                state.isRenewing = true
                return state.begin()
            }
            if begins { ask() }
            // Cancelled, it is over.
            try? await Task.sleep(for: lifetime / 2)
        }
    }

    func market(_ symbol: Symbol) async throws(ExchangeError) -> Market {
        if let known = state.withLock({ $0.known(symbol, at: .now) }) { return try known.get() }
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { (waiter: Waiter) in wait(waiter, id, symbol) }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: id)?.waiter }
            waiter?.resume(returning: .failure(Self.cancelled))
        }
        return try answer.get()
    }

    private static var cancelled: ExchangeError { ExchangeError(.cancelled, "the request was cancelled") }

    private func wait(_ waiter: Waiter, _ id: Int, _ symbol: Symbol) {
        let (answer, begins) = state.withLock { state -> (Answer?, Bool) in
            if Task.isCancelled { return (.failure(Self.cancelled), false) }
            if let known = state.known(symbol, at: .now) { return (known, false) }
            state.waiters[id] = (symbol, waiter)
            return (nil, state.begin())
        }
        if let answer { waiter.resume(returning: answer) }
        if begins { ask() }
    }

    // MARK: Asking

    private func ask() {
        // Unstructured: it is for everybody who waits, so it must not end with the task of the one who came first.
        Task {
            while let question = state.withLock({ $0.next(at: .now) }) {
                switch question {
                case .all: await askForAll()
                case .names: await askByName()
                }
            }
        }
    }

    private func askForAll() async {
        let result: Result<[Symbol: Market], ExchangeError>
        do throws(ExchangeError) {
            result = .success(try await document("symbolStatus=TRADING&showPermissionSets=false").markets)
        } catch {
            result = .failure(error)
        }
        let told = state.withLock { state in
            state.isRenewing = false
            switch result {
            case .success(let markets):
                state.markets = markets
                state.end = Instant.now + lifetime
                state.refusals = [:]
                return state.answer { markets[$0].map { .success($0) } }
            case .failure(let error):
                // Rules change rarely: old ones are better than none while the exchange is out of reach.
                let old = error.isTransient ? state.markets : [:]
                return state.answer { old[$0].map { .success($0) } ?? .failure(error) }
            }
        }
        for (waiter, answer) in told { waiter.resume(returning: answer) }
    }

    private func askByName() async {
        await keepPace()
        let symbols = state.withLock { Set($0.waiters.values.map(\.symbol)).sorted().prefix(Self.largestQuestion) }
        guard !symbols.isEmpty else { return }
        let answers = await answers(about: Array(symbols), isPaced: true)
        let told = state.withLock { state in
            let now = Instant.now
            state.refusals = state.refusals.filter { now < $0.value.end }
            for (symbol, answer) in answers {
                switch answer {
                case .success(let market): state.markets[symbol] = market
                case .failure(let error) where error.code == .unknownSymbol:
                    state.refusals[symbol] = (error, now + Self.refusalLifetime)
                case .failure: break
                }
            }
            return state.answer { answers[$0] }
        }
        for (waiter, answer) in told { waiter.resume(returning: answer) }
    }

    private func answers(about symbols: [Symbol], isPaced: Bool) async -> [Symbol: Answer] {
        if !isPaced { await keepPace() }
        let list = symbols.map { "%22\($0)%22" }.joined(separator: ",")
        let found: ExchangeInfoDocument
        do {
            found = try await document(symbols.count == 1 ? "symbol=\(symbols[0])" : "symbols=%5B\(list)%5D")
        } catch {
            guard error.code == .unknownSymbol, symbols.count > 1 else {
                return Dictionary(uniqueKeysWithValues: symbols.map { ($0, .failure(error)) })
            }
            // One that is unknown spoils the answer for all: find it by halves.
            let middle = symbols.count / 2
            let answers = await answers(about: Array(symbols[..<middle]), isPaced: false)
            return await answers.merging(self.answers(about: Array(symbols[middle...]), isPaced: false)) { one, _ in one
            }
        }
        return Dictionary(
            uniqueKeysWithValues: symbols.map { symbol in
                (symbol, Result { () throws(ExchangeError) in try found.market(symbol) })
            }
        )
    }

    private func document(_ query: String) async throws(ExchangeError) -> ExchangeInfoDocument {
        let document = try ExchangeInfoDocument(try await rest.get("/api/v3/exchangeInfo?\(query)", weight: 20))
        if let weight = document.weightPerMinute { rest.limit(toWeightPerMinute: weight) }
        return document
    }

    /// Waits until one more question by name is within the pace.
    private func keepPace() async {
        let turn = state.withLock { state in
            let now = Instant.now
            let paced = max(now, state.paced ?? now) + Self.pace
            state.paced = paced
            return paced - Self.pace * Self.burst
        }
        // The task that asks is never cancelled.
        try? await Task.sleep(until: turn, clock: .continuous)
    }
}
