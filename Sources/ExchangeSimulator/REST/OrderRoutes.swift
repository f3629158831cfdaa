import NIOCore
import NIOHTTP1
import Trading

/// The requests that change something: `POST` and `DELETE /api/v3/order`, `DELETE /api/v3/openOrders`.
///
/// All are logged, and can be held, lost and wrongly answered on request: before the engine has them, and after.
struct OrderRoutes: Sendable {
    let exchange: SimulatedExchange

    static func isOrder(_ request: SimulatorRequest) -> Bool {
        switch (request.method, request.path) {
        case (.POST, "/api/v3/order"), (.DELETE, "/api/v3/order"), (.DELETE, "/api/v3/openOrders"): true
        default: false
        }
    }

    /// A request that arrived in time and in order, on its way to the engine.
    private struct Arrival: Sendable {
        enum Action: Sendable {
            case place(NewOrder)
            case cancel(Symbol, OrderReference, cancelID: String?, onlyIf: OrderStatus?)
            case cancelAll(Symbol)
        }

        let signed: SignedRequest
        let action: Action
    }

    /// - Parameters:
    ///   - number: under which the request is in the log.
    ///   - reply: called once, on any thread.
    func respond(
        to request: SimulatorRequest,
        number: Int,
        on eventLoop: any EventLoop,
        reply: @escaping @Sendable (SimulatorResponse) -> Void
    ) {
        let fault = exchange.faults.nextOrder()
        if fault.before == .drop {
            exchange.desk.drop(number)
            reply(.cut)
            return
        }
        let arrival: Arrival
        do throws(APIError) {
            arrival = try receive(request)
        } catch {
            exchange.desk.reject(number, error)
            reply(SimulatorResponse(error))
            return
        }
        let proceed: @Sendable () -> Void = {
            let response = carryOut(arrival, number: number)
            answer(with: response, fault, reply: reply)
        }
        if fault.before == .hold {
            exchange.faults.hold(proceed)
        } else if let delay = fault.beforeDelay {
            eventLoop.scheduleTask(in: TimeAmount(delay), proceed)
        } else {
            proceed()
        }
    }

    private func receive(_ request: SimulatorRequest) throws(APIError) -> Arrival {
        var parameters = try QueryParameters(request)
        let signed = try exchange.authenticate(request, &parameters, needing: .trade)
        let action: Arrival.Action
        switch (request.method, request.path) {
        case (.POST, _):
            action = .place(try NewOrder(&parameters))
        case (_, "/api/v3/openOrders"):
            action = .cancelAll(try exchange.symbol(&parameters))
        default:
            let symbol = try exchange.symbol(&parameters)
            let reference = try OrderReference(&parameters)
            let cancelID = try parameters.clientOrderID("newClientOrderId")
            action = .cancel(symbol, reference, cancelID: cancelID, onlyIf: try restriction(&parameters))
        }
        try parameters.finish()
        if case .place(let order) = action { try exchange.check(order) }
        return Arrival(signed: signed, action: action)
    }

    private func carryOut(_ arrival: Arrival, number: Int) -> SimulatorResponse {
        do throws(APIError) {
            return try exchange.desk.change { state, moment throws(APIError) in
                let (response, order, events) = try perform(arrival, &state.engine, moment)
                state.log.accept(
                    number,
                    order: order.map { ($0.symbol, $0.id) },
                    at: moment.exchange,
                    afterStep: exchange.clock.sinceLastStep
                )
                return (response, events)
            }
        } catch {
            exchange.desk.reject(number, error)
            return SimulatorResponse(error)
        }
    }

    private func perform(
        _ arrival: Arrival,
        _ engine: inout TradingEngine,
        _ moment: TradingEngine.Moment
    ) throws(APIError) -> (SimulatorResponse, SimulatedOrder?, [AccountEvent]) {
        let account = arrival.signed.account
        if case .place = arrival.action,
            let (limit, wait) = engine.accounts[account].orderCount.place(at: moment.elapsed)
        {
            let text = "Too many new orders; current limit is \(limit.limit) orders per \(limit.number) \(limit.unit)."
            throw APIError(.tooManyRequests, code: -1015, text, retryAfter: wait)
        }
        // Counted already, as on Binance.
        try arrival.signed.check(forwardingAt: moment.exchange)
        switch arrival.action {
        case .place(let order):
            let placement = try engine.place(order, account: account, at: moment)
            var response = SimulatorResponse(placement.order.answer(order.responseType, trades: placement.trades))
            let counts = engine.accounts[account].orderCount.counts(at: moment.elapsed)
            for (limit, count) in zip(OrderCount.limits, counts) {
                response.headers.add(name: "X-MBX-ORDER-COUNT-\(limit.letter)", value: "\(count)")
            }
            return (response, placement.order, placement.events)
        case .cancel(let symbol, let reference, let cancelID, let required):
            let (order, id, events) = try engine.cancel(
                symbol,
                reference,
                account: account,
                cancelID: cancelID,
                onlyIf: required,
                at: moment
            )
            return (SimulatorResponse(order.cancellation(id)), order, events)
        case .cancelAll(let symbol):
            let open = engine.openOrders(symbol, account: account)
            guard !open.isEmpty else { throw APIError(code: -2011, "Unknown order sent.") }
            var (answers, events) = ([String](), [AccountEvent]())
            for order in open {
                let canceled = try engine.cancel(symbol, .id(order.id), account: account, cancelID: nil, at: moment)
                answers.append(canceled.order.cancellation(canceled.cancelID))
                events += canceled.events
            }
            return (SimulatorResponse("[\(answers.joined(separator: ","))]"), nil, events)
        }
    }

    private func answer(
        with response: SimulatorResponse,
        _ fault: OrderFault,
        reply: @escaping @Sendable (SimulatorResponse) -> Void
    ) {
        var response = response
        if let error = fault.afterError {
            response = SimulatorResponse(.failure(status: error.status, code: error.code))
        }
        response.delay = fault.afterDelay
        switch fault.after {
        case .drop: reply(.cut)
        case .hold:
            let held = response
            exchange.faults.hold { reply(held) }
        case .garble:
            response.body = String(response.body.prefix(response.body.count / 2))
            reply(response)
        case nil: reply(response)
        }
    }

    private func restriction(_ parameters: inout QueryParameters) throws(APIError) -> OrderStatus? {
        switch try parameters.text("cancelRestrictions") {
        case nil: nil
        case "ONLY_NEW": .new
        case "ONLY_PARTIALLY_FILLED": .partiallyFilled
        default: throw APIError(code: -1145, "Invalid cancelRestrictions")
        }
    }
}
