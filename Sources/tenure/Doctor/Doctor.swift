import AsyncHTTPClient
import Logging
import NIOCore
import NIOPosix

/// Looks at everything that a replica on this machine would need.
struct Doctor {
    /// For everything that is asked.
    static let patience = Duration.seconds(5)
    private static let shortLease = Duration.seconds(1)

    let settings: Settings
    /// Of the settings.
    let problems: [String]
    let logger = Logger(label: "tenure.doctor") { _ in SwiftLogNoOpLogHandler() }

    func examine() async -> [Finding] {
        async let database = examineDatabase()
        async let exchange = examineExchange()
        async let port = examinePort()
        return await examineSettings() + database + exchange + [port]
    }

    private func examineSettings() -> [Finding] {
        var findings = problems.map { problem in
            // As the settings say it: the name, and what would be right.
            let parts = problem.split(separator: ": ", maxSplits: 1).map(String.init)
            return Finding.error("settings", "\(parts[0]) is wrong or missing", parts.count > 1 ? parts[1] : problem)
        }
        if findings.isEmpty { findings.append(.ok("settings", "all can be read")) }
        if settings.leaseTTL < Self.shortLease {
            findings.append(
                .warning(
                    "settings.lease",
                    "a lease of \(settings.leaseTTL) takes a short pause of a process or a network for its death",
                    "Set TENURE_LEASE_TTL to 3s: a process that dies is noticed at once in any case."
                )
            )
        }
        return findings
    }

    /// Whether a replica could listen, or does.
    private func examinePort() async -> Finding {
        let place = "\(settings.host):\(settings.port)"
        do {
            let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: settings.host, port: settings.port).get()
            try await channel.close().get()
            return .ok("port", "\(place) is free")
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            if await isTenure(place) { return .ok("port", "a replica listens on \(place) already") }
            return .error("port", "\(place) is taken by another program", "End that one, or set TENURE_PORT.")
        } catch {
            return .error("port", "\(place) cannot be listened on: \(error)", "Correct TENURE_HOST and TENURE_PORT.")
        }
    }

    private func isTenure(_ place: String) async -> Bool {
        let request = HTTPClientRequest(url: "http://\(place)/openapi.json")
        // Whatever else answers, or nothing: it is not one.
        guard let response = try? await HTTPClient.shared.execute(request, timeout: TimeAmount(Self.patience)),
            let body = try? await response.body.collect(upTo: 4 << 20)
        else { return false }
        return String(buffer: body).contains("/api/live-strategy/")
    }
}
