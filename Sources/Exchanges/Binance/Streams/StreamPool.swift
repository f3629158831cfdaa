import Logging
import Metrics
import NIOCore
import Trading

/// Carries all candle streams over a few connections: performs what the ``StreamPoolStateMachine`` decides.
///
/// One event loop does all of it – sockets, parsing, fan-out – so that reports reach consumers in the order in which things
/// happened, without a lock between the socket and the consumer's own.
final class StreamPool: Sendable {
    private typealias LinkID = StreamPoolStateMachine.LinkID

    private final class State {
        var machine: StreamPoolStateMachine
        /// Links on their way to a connection.
        var connecting: Set<LinkID> = []
        var connections: [LinkID: StreamConnectionHandler] = [:]
        var renewals: [LinkID: Scheduled<Void>] = [:]
        var consumers: [String: [any StreamConsumer]] = [:]
        /// Of the streams that are attached.
        var memories: [String: StreamMemory] = [:]
        var endpoint: StreamEndpoint?
        var isStopped = false

        init(machine: StreamPoolStateMachine) {
            self.machine = machine
        }
    }

    private let configuration: BinanceConfiguration
    private let dialect: StreamDialect
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let state: NIOLoopBoundBox<State>
    private let stopped: EventLoopPromise<Void>
    private let missing: Gauge

    init(
        configuration: BinanceConfiguration,
        dialect: StreamDialect,
        eventLoop: any EventLoop,
        logger: Logger
    ) {
        self.configuration = configuration
        self.dialect = dialect
        self.eventLoop = eventLoop
        self.logger = logger
        let machine = StreamPoolStateMachine(streamsPerSlot: configuration.streamsPerConnection)
        state = .makeBoxSendingValue(State(machine: machine), eventLoop: eventLoop)
        stopped = eventLoop.makePromise(of: Void.self)
        missing = Gauge(label: "tenure_exchange_streams_missing", dimensions: [("stream", dialect.name)])
        missing.record(0)
    }

    deinit { stopped.succeed() }

    // MARK: Life

    /// Keeps connections until ``stop()``.
    func run() async throws {
        let endpoint = try StreamEndpoint(url: dialect.url, path: dialect.path)
        eventLoop.execute {
            guard !self.state.value.isStopped else { return }
            self.state.value.endpoint = endpoint
            self.perform(self.state.value.machine.start())
        }
        try await stopped.futureResult.get()
    }

    /// Closes all connections and ends all sequences.
    func stop() {
        eventLoop.execute {
            self.state.value.isStopped = true
            for consumer in self.state.value.consumers.values.joined() { consumer.finish() }
            self.perform(self.state.value.machine.stop())
        }
    }

    // MARK: Consumers

    func add(_ consumer: any StreamConsumer, to stream: String) { add([(consumer, stream)]) }

    func remove(_ consumer: any StreamConsumer, from stream: String) { remove([(consumer, stream)]) }

    /// All at once, so that thousands go in few messages.
    func add(_ subscriptions: [(consumer: any StreamConsumer, stream: String)]) {
        eventLoop.execute {
            for (consumer, stream) in subscriptions { self.addHere(consumer, to: stream) }
            self.showMissing()
        }
    }

    func remove(_ subscriptions: [(consumer: any StreamConsumer, stream: String)]) {
        eventLoop.execute {
            for (consumer, stream) in subscriptions { self.removeHere(consumer, from: stream) }
            self.showMissing()
        }
    }

    private func addHere(_ consumer: any StreamConsumer, to stream: String) {
        guard !state.value.isStopped else { return consumer.finish() }
        state.value.consumers[stream, default: []].append(consumer)
        let actions = state.value.machine.acquire(stream, now: .now())
        if state.value.machine.isAttached(stream) {
            // Wanted again before it was given up: nobody has listened meanwhile.
            let memory = state.value.memories[stream] ?? StreamMemory(since: .now)
            state.value.memories[stream] = memory
            consumer.streamAttached(memory)
        }
        perform(actions)
    }

    private func removeHere(_ consumer: any StreamConsumer, from stream: String) {
        guard let index = state.value.consumers[stream]?.firstIndex(where: { $0 === consumer }) else { return }
        state.value.consumers[stream]!.remove(at: index)
        if state.value.consumers[stream]!.isEmpty {
            state.value.consumers[stream] = nil
            state.value.memories[stream] = nil
        }
        perform(state.value.machine.release(stream, now: .now()))
    }

    /// Streams that somebody listens to, and that bring nothing now.
    private func showMissing() {
        missing.record(state.value.consumers.count - state.value.memories.count)
    }

    // MARK: On the event loop

    private func perform(_ actions: [StreamPoolStateMachine.Action]) {
        for action in actions { perform(action) }
    }

    private func perform(_ action: StreamPoolStateMachine.Action) {
        switch action {
        case .connect(let link):
            connect(link)
        case .retry(let slot, let attempt):
            eventLoop.scheduleTask(in: TimeAmount(configuration.backOff.delay(attempt: attempt))) {
                self.perform(self.state.value.machine.retryDue(slot))
            }
        case .send(let link, let request):
            send(request, on: link)
        case .wake(let link, let time):
            eventLoop.scheduleTask(deadline: time) {
                self.perform(self.state.value.machine.wake(link, now: .now()))
            }
        case .close(let link, let reason):
            close(link, reason: reason)
        case .linger(let link):
            eventLoop.scheduleTask(in: TimeAmount(configuration.renewalOverlap)) {
                self.perform(self.state.value.machine.lingered(link))
            }
        case .attached(let streams):
            for stream in streams {
                let memory = StreamMemory(since: .now)
                state.value.memories[stream] = memory
                state.value.consumers[stream]?.forEach { $0.streamAttached(memory) }
            }
            showMissing()
        case .lost(let streams, let reason):
            for stream in streams {
                state.value.memories[stream] = nil
                state.value.consumers[stream]?.forEach { $0.streamLost(reason: reason) }
            }
            showMissing()
        case .slotLost(let slot, let streams, let reason):
            logger.warning(
                "\(dialect.lost)",
                metadata: ["connection": "\(slot)", "streams": "\(streams)", "reason": "\(reason)"]
            )
        case .slotRestored(let slot, let streams):
            logger.info("\(dialect.back)", metadata: ["connection": "\(slot)", "streams": "\(streams)"])
        case .stopped:
            stopped.succeed()
        }
    }

    private func connect(_ link: LinkID) {
        guard let endpoint = state.value.endpoint else {
            preconditionFailure("a connection is due before the pool runs")
        }
        let connector = StreamConnector(
            endpoint: endpoint,
            eventLoop: eventLoop,
            connectTimeout: TimeAmount(configuration.connectTimeout),
            largestMessage: configuration.largestMessage
        )
        state.value.connecting.insert(link)
        let made = connector.connect { [self] in
            let handler = StreamConnectionHandler(configuration: configuration) { [weak self] message in
                self?.received(message, on: link)
            } onClosed: { [weak self] reason in
                // A handler that no longer counts has nothing to report.
                if let self, state.value.connections[link] != nil { ended(link, reason: reason) }
            }
            // Told to close on its way, it has been reported as closed already.
            if state.value.connecting.contains(link) { state.value.connections[link] = handler }
            return handler
        }
        made.assumeIsolated().whenComplete { result in
            // Who was told to close meanwhile, or has closed already, has reported that.
            guard self.state.value.connecting.remove(link) != nil else {
                if case .success(let channel) = result { channel.close(promise: nil) }
                return
            }
            switch result {
            case .success:
                let lifetime = self.configuration.connectionLifetime * Int.random(in: 950...1000) / 1000
                self.state.value.renewals[link] = self.eventLoop.scheduleTask(in: TimeAmount(lifetime)) {
                    self.perform(self.state.value.machine.renew(link))
                }
                self.perform(self.state.value.machine.opened(link, now: .now()))
            case .failure(let error):
                self.ended(link, reason: Self.reason(error))
            }
        }
    }

    private func send(_ request: StreamRequest, on link: LinkID) {
        dialect.text(request, eventLoop).assumeIsolated().whenComplete { result in
            // The connection may be gone by now, and has been reported then.
            guard let connection = self.state.value.connections[link] else { return }
            switch result {
            case .success(let text): connection.send(text, request: request.id)
            case .failure(let error): connection.close(reason: Self.reason(error))
            }
        }
    }

    private func close(_ link: LinkID, reason: String) {
        logger.debug(
            "Closing a connection of the \(dialect.name) stream",
            metadata: ["link": "\(link)", "reason": "\(reason)"]
        )
        if state.value.connecting.contains(link) {
            ended(link, reason: reason)
        } else {
            state.value.connections[link]?.close(reason: reason)
        }
    }

    private func ended(_ link: LinkID, reason: String) {
        state.value.connecting.remove(link)
        state.value.connections[link] = nil
        state.value.renewals.removeValue(forKey: link)?.cancel()
        perform(state.value.machine.closed(link, reason: reason, now: .now()))
    }

    private func received(_ message: StreamMessage, on link: LinkID) {
        switch message {
        case .candle(let stream, let update):
            state.value.memories[stream]?.take(update)
            state.value.consumers[stream]?.forEach { $0.streamed(update) }
        case .account(let event):
            state.value.consumers[StreamMessage.accountStream]?.forEach { $0.received(event) }
        case .ended:
            state.value.connections[link]?.close(reason: "the exchange ended the subscription")
        case .acknowledged(let request):
            perform(state.value.machine.acknowledged(link, request: request))
        case .refused(let request?, let reason):
            perform(state.value.machine.refused(link, request: request, reason: reason))
        case .serverShutdown:
            perform(state.value.machine.renew(link))
        case .refused(nil, let reason):
            state.value.connections[link]?.close(reason: "the exchange refused a message: \(reason)")
        case .other:
            break
        }
    }

    private static func reason(_ error: any Error) -> String {
        (error as? ExchangeError)?.message ?? "no connection: \(error)"
    }
}
