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
    let logger: Logger

    private let began = ContinuousClock.now
    private let limiter: Mutex<RequestWeightLimiter>
    private let requests = Atomic<Int>(0)

    init(configuration: SimulatorConfiguration, logger: Logger) throws(SimulatorError) {
        try configuration.validate()
        self.configuration = configuration
        self.logger = logger
        let start: Timestamp?
        if configuration.replayFiles.isEmpty {
            market = SyntheticMarket(seed: configuration.seed)
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
        publisher = StreamPublisher(market: market, clock: clock, hub: streams, faults: faults)
        limiter = Mutex(RequestWeightLimiter(limit: configuration.weightLimit))
    }

    var requestCount: Int { requests.load(ordering: .relaxed) }

    func respond(to request: SimulatorRequest) -> SimulatorResponse {
        if request.path.hasPrefix("/sim/") { return ControlRoutes(exchange: self).respond(to: request) }
        requests.add(1, ordering: .relaxed)
        let fault = faults.nextRequest()
        var response = fault.response ?? respondWithinLimits(to: request)
        response.delay = fault.delay
        return response
    }

    private func respondWithinLimits(to request: SimulatorRequest) -> SimulatorResponse {
        let routes = MarketDataRoutes(exchange: self)
        let elapsed = ContinuousClock.now - began
        let weight = routes.weight(of: request)
        let decision = limiter.withLock { $0.spend(weight, address: request.address, at: elapsed) }
        var response: SimulatorResponse
        let used: Int
        switch decision {
        case .allowed(let total):
            used = total
            do throws(APIError) {
                response = try routes.respond(to: request)
            } catch {
                response = SimulatorResponse(error)
            }
        case .refused(let total, let retryAfter):
            used = total
            let message =
                "Too much request weight used; current limit is \(configuration.weightLimit) request weight per 1 MINUTE. "
                + "Please use WebSocket Streams for live updates to avoid polling the API."
            response = SimulatorResponse(APIError(.tooManyRequests, code: -1003, message, retryAfter: retryAfter))
        case .banned(let total, let retryAfter):
            used = total
            let until = MarketClock.machineTime() + Int64(retryAfter) * 1_000
            let message =
                "Way too much request weight used; IP banned until \(until.milliseconds). "
                + "Please use WebSocket Streams for live updates to avoid bans."
            let status = HTTPResponseStatus(statusCode: 418, reasonPhrase: "I'm a teapot")
            response = SimulatorResponse(APIError(status, code: -1003, message, retryAfter: retryAfter))
        }
        response.headers.add(name: "X-MBX-USED-WEIGHT", value: "\(used)")
        response.headers.add(name: "X-MBX-USED-WEIGHT-1M", value: "\(used)")
        return response
    }
}
