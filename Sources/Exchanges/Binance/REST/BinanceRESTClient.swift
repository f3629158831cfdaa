import AsyncHTTPClient
import FoundationEssentials
import Logging
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import NIOPosix
import Synchronization
import Trading

/// Sends requests within the exchange's limits. Those that only ask are tried again where that may help; orders never are.
final class BinanceRESTClient: Sendable {
    private static let largestAnswer = 64 << 20

    private let configuration: BinanceConfiguration
    private let httpClient: HTTPClient
    private let gate: RequestGate
    private let ordersPausedUntil = Mutex<ContinuousClock.Instant?>(nil)
    private let logger: Logger
    /// What the exchange has demanded of this replica; for one consumer.
    let pauses: AsyncStream<ExchangePause>
    private let demand: AsyncStream<ExchangePause>.Continuation

    init(
        configuration: BinanceConfiguration,
        replicas: @Sendable @escaping () -> Int,
        httpClient: HTTPClient,
        eventLoop: any EventLoop,
        logger: Logger
    ) {
        self.configuration = configuration
        self.httpClient = httpClient
        self.logger = logger
        gate = RequestGate(configuration: configuration, replicas: replicas, eventLoop: eventLoop)
        // One holds until it is over: the newest are all that matters.
        (pauses, demand) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(8))
    }

    // MARK: Pauses

    /// Keeps quiet until then, whoever was told.
    ///
    /// - Returns: whether this is news.
    @discardableResult
    func keep(_ pause: ExchangePause) -> Bool {
        switch pause.scope {
        case .address: gate.penalize(until: pause.end)
        case .account:
            ordersPausedUntil.withLock { end in
                defer { end = max(pause.end, end ?? pause.end) }
                return pause.end.isNews(after: end)
            }
        }
    }

    /// When the last pause ends, or has ended; `nil`: there was none.
    func end(of scope: ExchangePause.Scope) -> ContinuousClock.Instant? {
        switch scope {
        case .address: gate.penaltyEnd
        case .account: ordersPausedUntil.withLock { $0 }
        }
    }

    // MARK: Requests

    /// The body of a successful answer.
    ///
    /// - Parameters:
    ///   - target: path and query, percent-encoded.
    ///   - weight: what the exchange charges for it.
    func get(_ target: String, weight: Int) async throws(ExchangeError) -> Data {
        try await get(weight: weight) { target }
    }

    /// - Parameter target: asked for each attempt.
    func get(
        weight: Int,
        headers: HTTPHeaders = [:],
        _ target: @Sendable () -> String
    ) async throws(ExchangeError) -> Data {
        var attempt = 1
        while true {
            try await gate.enter(weight: weight)
            let answer = await send(.GET, target(), headers)
            gate.leave(used: answer.usedWeight)
            let error: ExchangeError
            switch answer.result {
            case .success(let body): return body
            case .failure(let failure): error = failure
            }
            guard attempt < configuration.requestAttempts else { throw error }
            switch error.code {
            case .rateLimited where error.retryAfter != nil:
                // Entering again waits until the penalty is over, or refuses if that takes too long.
                break
            case .unreachable, .rateLimited:
                do {
                    try await Task.sleep(for: configuration.backOff.delay(attempt: attempt))
                } catch {
                    throw ExchangeError(.cancelled, "the request was cancelled")
                }
            default:
                throw error
            }
            attempt += 1
        }
    }

    /// Sends a request once, whatever happens. It goes before all that only ask.
    ///
    /// - Parameters:
    ///   - isOrder: whether it places one.
    ///   - patience: how long it may wait for its turn.
    func sendOnce(
        _ method: HTTPMethod,
        _ target: String,
        headers: HTTPHeaders,
        weight: Int,
        isOrder: Bool,
        patience: Duration
    ) async -> OrderAnswer {
        if isOrder, let end = end(of: .account) {
            guard end <= .now + patience else {
                return .notSent(reason: "the exchange takes no orders of this account for now: too many were placed")
            }
            // Cancellation lets it go early; then the exchange refuses it.
            try? await Task.sleep(until: end, clock: .continuous)
        }
        do throws(ExchangeError) {
            try await gate.enter(weight: weight, urgentFor: patience)
        } catch {
            return .notSent(reason: error.message)
        }
        let answer = await send(method, target, headers)
        gate.leave(used: answer.usedWeight)
        return answer.raw
    }

    /// The exchange's clock.
    func serverTime() async throws(ExchangeError) -> Timestamp {
        try ServerTimeDocument(try await get("/api/v3/time", weight: 1)).serverTime
    }

    func limit(toWeightPerMinute weight: Int) { gate.limit(toWeightPerMinute: weight) }

    private struct Answer {
        let result: Result<Data, ExchangeError>
        /// The same as it came.
        let raw: OrderAnswer
        var usedWeight: Int?
    }

    /// Seconds. The exchange's bans end after three days.
    private static let longestPenalty: Int64 = 7 * 86_400

    private func send(_ method: HTTPMethod, _ target: String, _ headers: HTTPHeaders) async -> Answer {
        var request = HTTPClientRequest(url: configuration.restURL + target)
        request.method = method
        request.headers = headers
        request.headers.add(name: "user-agent", value: "tenure")
        do {
            let response = try await httpClient.execute(request, timeout: TimeAmount(configuration.requestTimeout))
            let body = try await response.body.collect(upTo: Self.largestAnswer)
            let used = response.headers.first(name: "x-mbx-used-weight-1m").flatMap { Int($0) }
            let data = Data(buffer: body)
            let raw = OrderAnswer.response(status: Int(response.status.code), body: data)
            guard response.status != .ok else { return Answer(result: .success(data), raw: raw, usedWeight: used) }
            let error = refusal(response.status, headers: response.headers, body: data)
            return Answer(result: .failure(error), raw: raw, usedWeight: used)
        } catch {
            let raw: OrderAnswer =
                Self.isUnsent(error)
                ? .notSent(reason: "no connection to \(configuration.restURL)")
                : .nothing(reason: "no answer: \(error)")
            if Task.isCancelled {
                return Answer(result: .failure(ExchangeError(.cancelled, "the request was cancelled")), raw: raw)
            }
            let unreachable = ExchangeError(
                .unreachable,
                "no answer from \(configuration.restURL): \(error); check the URL and the network",
                underlying: error
            )
            return Answer(result: .failure(unreachable), raw: raw)
        }
    }

    /// Whether there was never a connection on which the request could have left.
    private static func isUnsent(_ error: any Error) -> Bool {
        if error is NIOConnectionError || (error as? IOError)?.errnoCode == ECONNREFUSED { return true }
        guard let error = error as? HTTPClientError else { return false }
        return error == .connectTimeout || error == .tlsHandshakeTimeout || error == .invalidURL
    }

    private func refusal(_ status: HTTPResponseStatus, headers: HTTPHeaders, body: Data) -> ExchangeError {
        let document = try? JSONDecoder().decode(BinanceErrorDocument.self, from: body)
        let says = document.map { "the exchange says \"\($0.msg)\"" } ?? "the exchange answered \(status)"
        switch status.code {
        case 429, 418:
            // 418 is the ban that follows when 429 is not honoured.
            let named = headers.first(name: "retry-after").flatMap { Int64($0) }.map {
                Duration.seconds(min(max($0, 0), Self.longestPenalty))
            }
            let wait = named ?? (status.code == 418 ? .seconds(120) : configuration.penalty)
            let pause = ExchangePause(
                scope: document?.code == BinanceErrorDocument.tooManyOrders ? .account : .address,
                end: .now + wait
            )
            if keep(pause) {
                logger.warning(
                    "Exchange limits requests",
                    metadata: [
                        "http.status": "\(status.code)", "retry_after": "\(wait)", "scope": "\(pause.scope.rawValue)",
                    ]
                )
                demand.yield(pause)
            }
            return ExchangeError(
                .rateLimited,
                "\(says); requests wait until it allows them again",
                exchangeCode: document?.code,
                httpStatus: Int(status.code),
                retryAfter: wait
            )
        case 500...:
            return ExchangeError(
                .unreachable,
                "\(says); it should recover by itself",
                exchangeCode: document?.code,
                httpStatus: Int(status.code)
            )
        default:
            return ExchangeError(
                document?.errorCode ?? .rejected,
                says,
                exchangeCode: document?.code,
                httpStatus: Int(status.code)
            )
        }
    }
}
