import Synchronization
import Trading

/// What is known about markets, so that the heavy question is asked seldom.
///
/// One question is under way at a time. Those that come meanwhile are put together into the next one, which one of their
/// askers then asks for all: a replica that restores hundreds of symbols asks a few times, not hundreds.
final class MarketDirectory: Sendable {
    private struct Entry {
        let market: Market
        let since: ContinuousClock.Instant
    }

    private enum Turn {
        case answered(Result<Market, ExchangeError>)
        /// Ask for all of these.
        case ask([Waiting])
    }

    private struct Waiting: Sendable {
        let id: Int
        let symbol: Symbol
    }

    private struct State {
        var entries: [Symbol: Entry] = [:]
        var isAsking = false
        var nextID = 0
        var waiting: [Waiting] = []
        var continuations: [Int: CheckedContinuation<Turn, Never>] = [:]
    }

    /// Symbols in one question; the URL grows with them.
    private static let largestQuestion = 100

    private let lifetime: Duration
    private let rest: BinanceRESTClient
    private let clock = ContinuousClock()
    private let state = Mutex(State())

    init(lifetime: Duration, rest: BinanceRESTClient) {
        self.lifetime = lifetime
        self.rest = rest
    }

    func market(_ symbol: Symbol) async throws(ExchangeError) -> Market {
        let known = state.withLock { $0.entries[symbol] }
        if let known, known.since.duration(to: clock.now) < lifetime { return known.market }
        let result: Result<Market, ExchangeError>
        switch await turn(symbol) {
        case .answered(let answer): result = answer
        case .ask(let batch): result = await ask(for: batch, symbol)
        }
        do {
            return try result.get()
        } catch {
            // Rules change rarely: old ones are better than none while the exchange is out of reach.
            if let known, error.isTransient { return known.market }
            throw error
        }
    }

    // MARK: Taking turns

    private func turn(_ symbol: Symbol) async -> Turn {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let mine = Waiting(id: id, symbol: symbol)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { (continuation: CheckedContinuation<Turn, Never>) in
                let turn = state.withLock { state -> Turn? in
                    if Task.isCancelled { return .answered(.failure(Self.cancelled)) }
                    guard state.isAsking else {
                        state.isAsking = true
                        return .ask([mine])
                    }
                    state.waiting.append(mine)
                    state.continuations[id] = continuation
                    return nil
                }
                if let turn { continuation.resume(returning: turn) }
            }
        } onCancel: {
            let continuation = state.withLock { state in
                state.waiting.removeAll { $0.id == id }
                return state.continuations.removeValue(forKey: id)
            }
            continuation?.resume(returning: .answered(.failure(Self.cancelled)))
        }
    }

    /// Asks for a batch of which the caller wants `symbol`, answers the others, and hands the turn on.
    private func ask(for batch: [Waiting], _ symbol: Symbol) async -> Result<Market, ExchangeError> {
        let symbols = Set(batch.map(\.symbol))
        let answers = await ask(symbols.sorted())
        let resumptions = state.withLock { state in
            var resumptions: [(CheckedContinuation<Turn, Never>, Turn)] = []
            let now = clock.now
            for (symbol, answer) in answers {
                if case .success(let market) = answer { state.entries[symbol] = Entry(market: market, since: now) }
            }
            // Those of the batch, and those who came meanwhile for the same. A cancellation concerns who asked, not who waits.
            let all = batch.filter { state.continuations[$0.id] != nil } + state.waiting
            state.waiting = []
            for waiting in all {
                if let answer = answers[waiting.symbol], !Self.isCancellation(answer) {
                    guard let continuation = state.continuations.removeValue(forKey: waiting.id) else { continue }
                    resumptions.append((continuation, .answered(answer)))
                } else {
                    state.waiting.append(waiting)
                }
            }
            guard let first = state.waiting.first, let continuation = state.continuations.removeValue(forKey: first.id)
            else {
                state.isAsking = false
                return resumptions
            }
            let next = Array(state.waiting.prefix(Self.largestQuestion))
            state.waiting.removeFirst(next.count)
            resumptions.append((continuation, .ask(next)))
            return resumptions
        }
        for (continuation, turn) in resumptions { continuation.resume(returning: turn) }
        return answers[symbol] ?? .failure(Self.cancelled)
    }

    private static func isCancellation(_ answer: Result<Market, ExchangeError>) -> Bool {
        if case .failure(let error) = answer { error.code == .cancelled } else { false }
    }

    private static var cancelled: ExchangeError { ExchangeError(.cancelled, "the request was cancelled") }

    // MARK: Asking

    private func ask(_ symbols: [Symbol]) async -> [Symbol: Result<Market, ExchangeError>] {
        let list = symbols.map { "%22\($0)%22" }.joined(separator: ",")
        let query = symbols.count == 1 ? "symbol=\(symbols[0])" : "symbols=%5B\(list)%5D"
        let document: ExchangeInfoDocument
        do {
            document = try ExchangeInfoDocument(try await rest.get("/api/v3/exchangeInfo?\(query)", weight: 20))
        } catch {
            guard error.code == .unknownSymbol, symbols.count > 1 else {
                return Dictionary(uniqueKeysWithValues: symbols.map { ($0, .failure(error)) })
            }
            // One that is unknown spoils the answer for all: find it by halves.
            let middle = symbols.count / 2
            let answers = await ask(Array(symbols[..<middle]))
            return await answers.merging(ask(Array(symbols[middle...]))) { first, _ in first }
        }
        if let weight = document.weightPerMinute { rest.limit(toWeightPerMinute: weight) }
        return Dictionary(
            uniqueKeysWithValues: symbols.map { symbol in
                (symbol, Result { () throws(ExchangeError) in try document.market(symbol) })
            }
        )
    }
}
