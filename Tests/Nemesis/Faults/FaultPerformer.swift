import AsyncHTTPClient
import LocalCluster
import NIOCore
import NIOHTTP1

/// Carries out a schedule. What happens to one replica, to the database, or to the exchange happens one after the other;
/// all else at once.
struct FaultPerformer: Sendable {
    let arena: Arena
    private var log: ActionLog { arena.log }

    init(_ arena: Arena) { self.arena = arena }

    /// Returns when all is over. Nothing is disturbed any more then.
    func perform(_ schedule: FaultSchedule) async throws {
        let began = ContinuousClock.now
        let lanes = Dictionary(grouping: schedule.faults) { $0.replica.map { "\($0)" } ?? $0.kind.rawValue }
        try await withThrowingTaskGroup { group in
            for lane in lanes.values {
                group.addTask {
                    for fault in lane {
                        try await Task.sleep(until: began + fault.begin, clock: .continuous)
                        try await perform(fault)
                    }
                }
            }
            try await group.waitForAll()
        }
    }

    private func perform(_ fault: Fault) async throws {
        log.note("fault: \(fault)")
        if let index = fault.replica {
            let replica = arena.cluster.replicas[index]
            try arena.startAgain(replica)
            switch fault.kind {
            case .kill:
                await replica.kill()
                try await Task.sleep(for: fault.length)
                try arena.startAgain(replica, after: true)
            case .terminate:
                await terminate(replica)
                try await Task.sleep(for: fault.length)
                try arena.startAgain(replica, after: true)
            case .pause, .freeze:
                replica.signal(.stop)
                try await Task.sleep(for: fault.length)
                replica.signal(.resume)
                log.note("\(replica.name) goes on")
            default:
                try await disturb(arena.databaseProxies[index], arena.exchangeProxies[index], fault)
            }
        } else {
            switch fault.kind {
            case .restart: try await restart(fault)
            case .backends: await endBackends(fault)
            default: try await disturbExchange(fault)
            }
        }
    }

    /// A drain, however long it takes.
    func terminate(_ replica: Replica) async {
        let began = ContinuousClock.now
        await replica.process.stop(.terminate, grace: .seconds(40))
        let status = replica.process.process?.exitStatus
        log.note("\(replica.name) ended after SIGTERM: \(status.map { "\($0)" } ?? "?"), \(began.duration(to: .now))")
        if case .exited = status { return }
        // It had only just begun, and listened to no signals yet.
        if status == .signalled(.terminate) { return }
        log.violation("\(replica.name) did not end by itself after SIGTERM: \(status.map { "\($0)" } ?? "?")")
    }

    private func disturb(_ database: FaultyProxy, _ exchange: FaultyProxy, _ fault: Fault) async throws {
        let delay = Duration.milliseconds(Int64(5 + fault.dice % 400))
        let (proxy, weather): (FaultyProxy, FaultyProxy.Weather) =
            switch fault.kind {
            case .databaseCut: (database, .cut)
            case .databaseSilent: (database, .silent)
            case .databaseDeaf: (database, .deaf)
            case .databaseSlow: (database, .slow(delay))
            case .exchangeCut: (exchange, .cut)
            case .exchangeSilent: (exchange, .silent)
            case .exchangeSlow: (exchange, .slow(delay))
            default: (database, .clear)
            }
        if fault.kind == .databaseHalfOpen { database.forgetServer() }
        proxy.change(to: weather)
        try await Task.sleep(for: fault.length)
        proxy.change(to: .clear)
        log.note("over: \(fault)")
    }

    private func restart(_ fault: Fault) async throws {
        let postgres = arena.cluster.postgres
        await postgres.stop(fault.dice % 2 == 0 ? .fast : .immediate)
        try await Task.sleep(for: fault.length)
        try await postgres.start()
        log.note("PostgreSQL accepts connections again (stopped \(fault.dice % 2 == 0 ? "fast" : "immediately"))")
    }

    private func endBackends(_ fault: Fault) async {
        let count = 1 + fault.dice % 6
        do {
            let ended = try await arena.sql(
                """
                SELECT count(pg_terminate_backend(pid)) FROM (
                    SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'tenure/%'
                    ORDER BY md5(pid::text || '\(fault.dice)') LIMIT \(count)) AS chosen
                """
            )
            log.note("\(ended) backends ended")
        } catch {
            log.note("no backend ended: PostgreSQL is away")
        }
    }

    private func disturbExchange(_ fault: Fault) async throws {
        let (path, body) =
            switch fault.dice % 10 {
            case 0: ("/sim/disconnect", "")
            case 1: ("/sim/faults", #"{"rest_status":503,"for_requests":20}"#)
            case 2: ("/sim/faults", #"{"drop_stream_events":\#(1 + fault.dice % 97)}"#)
            case 3: ("/sim/faults", #"{"rest_delay_ms":2000,"for_requests":10}"#)
            case 4: ("/sim/faults", #"{"order_before":"drop"}"#)
            case 5: ("/sim/faults", #"{"order_after":"drop","for_orders":2}"#)
            case 6: ("/sim/faults", #"{"order_after_status":504,"order_after_code":-1007,"drop_reports":4}"#)
            case 7: ("/sim/faults", #"{"order_before_ms":\#(fault.dice % 6_000),"for_orders":2}"#)
            case 8: ("/sim/faults", #"{"duplicate_reports":5,"reverse_reports":5}"#)
            default: ("", "")
            }
        guard !path.isEmpty else {
            // It is not killed: an exchange does not forget what it has accepted, and this one would.
            let length = Duration.milliseconds(Int64(500 + fault.dice % 4_000))
            log.note("the exchange stands still for \(length.milliseconds) ms")
            arena.cluster.simulator.signal(.stop)
            defer { arena.cluster.simulator.signal(.resume) }
            return try await Task.sleep(for: length)
        }
        log.note("the exchange: \(path) \(body)")
        var request = HTTPClientRequest(url: arena.cluster.simulatorURL + path)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.body = .bytes(ByteBuffer(string: body))
        // The exchange may just have been killed.
        _ = try? await HTTPClient.shared.execute(request, timeout: .seconds(5))
    }
}
