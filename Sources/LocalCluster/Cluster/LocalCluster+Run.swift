import Dispatch
import Glibc

extension LocalCluster {
    /// Starts the cluster, says where everything is, and keeps it until a SIGINT, SIGTERM or SIGHUP; then stops it.
    ///
    /// A second signal makes the stop an immediate one.
    ///
    /// - Parameter whileUp: Goes on from when everything is up until the stop, and is then cancelled.
    package func runUntilSignalled(
        _ whileUp: @Sendable @escaping (LocalCluster) async throws -> Void = { _ in }
    ) async throws {
        // A terminal or a pipe that is gone must not end this process before it has stopped everything.
        signal(SIGPIPE, SIG_IGN)
        let (signals, sources) = Self.signals([SIGINT, SIGTERM, SIGHUP])
        defer { for source in sources { source.cancel() } }

        let starting = Task(name: "starts the cluster") { try await start() }
        let asked = OneTimeValue<Void>()
        // Unstructured, because a signal has to be heard whatever the cluster is doing, and cuts that short.
        let listening = Task(name: "listens for signals") {
            for await _ in signals {
                if asked.current == nil {
                    asked.set(())
                    starting.cancel()
                } else {
                    report("stopping at once")
                    stopAtOnce()
                }
            }
        }
        defer { listening.cancel() }
        do {
            try await starting.value
        } catch is CancellationError {
            return
        }
        if asked.current == nil { configuration.terminal.show(summary) }
        await withTaskGroup { group in
            group.addTask {
                do {
                    try await whileUp(self)
                } catch {
                    if !Task.isCancelled { self.report("\(error)") }
                }
            }
            // Cancelled or signalled: both mean stop.
            try? await asked.wait()
            group.cancelAll()
        }
        await stop()
    }

    /// What is where, and what to try next.
    package var summary: String {
        let processes = replicas.map { replica in
            "  \(replica.name)   \(replica.url)   pid \(replica.pid.map(String.init) ?? "–")"
        }
        return """

            Tenure is up: \(url)

            \(processes.joined(separator: "\n"))
              simulator   \(simulatorURL)
              database    \(databaseURL)
              logs        \(dataDirectory)/logs

            Start a strategy:

              curl -sS \(url)/api/live-strategy/start -H 'content-type: application/json' \\
                -d '{"symbol":"BTCUSDT","mode":"scalp","interval":"1s"}'

            See who runs it, and what it does:

              curl -sS \(url)/api/live-strategy/status

            Kill the replica that owns it (its pid is above), and ask again who runs it:

              kill -9 PID

            Look into the database:

              psql \(databaseURL) -c 'TABLE tenure.active_strategies'

            Ctrl-C stops everything; the data stays, and the next start resumes the strategies.

            """
    }

    /// The signals this process gets, which no longer end it.
    private static func signals(_ numbers: [Int32]) -> (AsyncStream<Int32>, [any DispatchSourceSignal]) {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self, bufferingPolicy: .bufferingNewest(8))
        let sources = numbers.map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { continuation.yield(number) }
            source.resume()
            return source
        }
        return (stream, sources)
    }
}
