import Logging
import NIOCore
import NIOHTTP1
import Synchronization
import Trading

/// Everything behind the sockets: the market, its clock, and who listens. Answers whole requests.
final class SimulatedExchange: Sendable {
    let configuration: SimulatorConfiguration
    let market: any Market
    let clock: MarketClock
    let streams: StreamHub
    let publisher: StreamPublisher
    let faults: FaultInjector
    let time: ExchangeTime
    let desk: TradingDesk
    let logger: Logger

    private let limiter: Mutex<RequestWeightLimiter>
    private let requests = Atomic<Int>(0)

    init(configuration: SimulatorConfiguration, logger: Logger) throws(SimulatorError) {
        try configuration.validate()
        self.configuration = configuration
        self.logger = logger
        let start: Timestamp?
        if configuration.replayFiles.isEmpty {
            market = SyntheticMarket(seed: configuration.seed, loadTests: configuration.listedMarkets)
            start = configuration.startTime
        } else {
            var recordings: [Recording] = []
            for file in configuration.replayFiles { recordings.append(try Recording(path: file)) }
            let replay = try ReplayMarket(recordings, history: configuration.history)
            market = replay
            start = replay.start
        }
        let pace: MarketClock.Pace
        if configuration.steps {
            let now = start ?? MarketClock.machineTime()
            pace = .steps(from: start ?? now - now.milliseconds % 1_000)
        } else if start == nil, configuration.speed == 1 {
            pace = .machine
        } else {
            pace = .running(from: start ?? MarketClock.machineTime(), speed: configuration.speed)
        }
        clock = MarketClock(pace: pace, end: market.end)
        faults = FaultInjector()
        streams = StreamHub(limit: configuration.streamsPerConnection)
        time = ExchangeTime(clock: clock, market: market, faults: faults, isTicking: configuration.ticking)
        desk = TradingDesk(market: market, configuration: configuration, faults: faults, time: time)
        publisher = StreamPublisher(market: market, clock: clock, hub: streams, desk: desk, faults: faults)
        limiter = Mutex(RequestWeightLimiter(limit: configuration.weightLimit))
    }

    var requestCount: Int { requests.load(ordering: .relaxed) }

    /// - Parameter reply: called once, on any thread.
    func respond(
        to request: SimulatorRequest,
        on eventLoop: any EventLoop,
        reply: @escaping @Sendable (SimulatorResponse) -> Void
    ) {
        if request.path.hasPrefix("/sim/") { return reply(ControlRoutes(exchange: self).respond(to: request)) }
        // Whatever becomes of an order request, it was received.
        let number = OrderRoutes.isOrder(request) ? desk.receive(request) : nil
        let fault = faults.nextRequest()
        // What is counted has taken the faults that are meant for it.
        requests.add(1, ordering: .relaxed)
        let (used, refusal) = spendWeight(of: request)
        let headers: HTTPHeaders = ["X-MBX-USED-WEIGHT": "\(used)", "X-MBX-USED-WEIGHT-1M": "\(used)"]
        let finish: @Sendable (SimulatorResponse) -> Void = { response in
            var response = response
            response.headers.add(contentsOf: headers)
            if let delay = fault.delay { response.delay = delay + (response.delay ?? .zero) }
            reply(response)
        }
        if let error = fault.error ?? refusal {
            if let number { desk.reject(number, error) }
            finish(SimulatorResponse(error))
        } else if let number {
            OrderRoutes(exchange: self).respond(to: request, number: number, on: eventLoop, reply: finish)
        } else {
            finish(answer(to: request))
        }
    }

    private func answer(to request: SimulatorRequest) -> SimulatorResponse {
        do throws(APIError) {
            return AccountRoutes.paths.contains(request.path)
                ? try AccountRoutes(exchange: self).respond(to: request)
                : try MarketDataRoutes(exchange: self).respond(to: request)
        } catch {
            return SimulatorResponse(error)
        }
    }

    private func spendWeight(of request: SimulatorRequest) -> (used: Int, refusal: APIError?) {
        let weight =
            AccountRoutes.paths.contains(request.path)
            ? AccountRoutes.weight(of: request) : MarketDataRoutes(exchange: self).weight(of: request)
        return spend(weight, address: request.address)
    }

    /// Counts what a client does, and refuses what is too much.
    func spend(_ weight: Int, address: String) -> (used: Int, refusal: APIError?) {
        switch limiter.withLock({ $0.spend(weight, address: address, at: time.elapsed) }) {
        case .allowed(let used):
            return (used, nil)
        case .refused(let used, let retryAfter):
            let message =
                "Too much request weight used; current limit is \(configuration.weightLimit) request weight per 1 MINUTE. "
                + "Please use WebSocket Streams for live updates to avoid polling the API."
            return (used, APIError(.tooManyRequests, code: -1003, message, retryAfter: retryAfter))
        case .banned(let used, let retryAfter):
            let until = MarketClock.machineTime() + Int64(retryAfter) * 1_000
            let message =
                "Way too much request weight used; IP banned until \(until.milliseconds). "
                + "Please use WebSocket Streams for live updates to avoid bans."
            let status = HTTPResponseStatus(statusCode: 418, reasonPhrase: "I'm a teapot")
            return (used, APIError(status, code: -1003, message, retryAfter: retryAfter))
        }
    }
}
