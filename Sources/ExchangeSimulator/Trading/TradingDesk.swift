import Synchronization
import Trading

/// Where orders are handed in: the engine, the log of everything received, and those who are told, in one order of events.
final class TradingDesk: Sendable {
    struct State: Sendable {
        var engine: TradingEngine
        var log = OrderLog()
    }

    let streams = UserStreamHub()
    private let state: Mutex<State>
    private let faults: FaultInjector
    private let time: ExchangeTime

    init(market: any Market, configuration: SimulatorConfiguration, faults: FaultInjector, time: ExchangeTime) {
        self.faults = faults
        self.time = time
        var engine = TradingEngine(market: market, liquidity: configuration.liquidity)
        for account in configuration.accounts { engine.add(account) }
        state = Mutex(State(engine: engine))
    }

    /// Reads what is known now.
    func read<Result>(_ body: (borrowing State) throws(APIError) -> Result) throws(APIError) -> Result {
        let outcome: Swift.Result<Result, APIError> = state.withLock { state in
            do throws(APIError) {
                return .success(try body(state))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// Changes something at the present moment, and tells those whom it concerns.
    ///
    /// They are told under the lock, so that events leave in the order in which they happened; sending only puts them into a
    /// connection's own queue.
    func change<Result>(
        _ body: (inout State, TradingEngine.Moment) throws(APIError) -> (Result, [AccountEvent])
    ) throws(APIError) -> Result {
        let outcome: Swift.Result<Result, APIError> = state.withLock { state in
            do throws(APIError) {
                let (result, events) = try body(&state, time.moment)
                streams.tell(events, faults: faults)
                return .success(result)
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    /// Lets resting orders trade with what the market did until `end`.
    func match(after start: Timestamp, through end: Timestamp, forming: Bool) {
        state.withLock { state in
            let moment = time.moment(at: end)
            streams.tell(state.engine.match(after: start, through: moment, forming: forming), faults: faults)
        }
    }

    func account(ofKey key: String) -> (id: Int, AccountConfiguration)? {
        state.withLock { state in
            state.engine.account(ofKey: key).map { ($0, state.engine.accounts[$0].configuration) }
        }
    }

    // MARK: The log

    func receive(_ request: SimulatorRequest) -> Int {
        state.withLock { $0.log.receive(request, at: time.now) }
    }

    func reject(_ number: Int, _ error: APIError) { state.withLock { $0.log.reject(number, error, at: time.now) } }

    func drop(_ number: Int) { state.withLock { $0.log.drop(number, at: time.now) } }
}
