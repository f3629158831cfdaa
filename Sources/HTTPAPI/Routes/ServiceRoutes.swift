import HTTPTypes
import Hummingbird
import NIOCore

/// What load balancers and Prometheus ask.
struct ServiceRoutes: Sendable {
    let dependencies: APIDependencies

    func add(to table: inout RouteTable) {
        table.add(
            .get,
            "/healthz",
            for: nil,
            "whether this process lives",
            Operation(.json(.health, "It does.")),
            health
        )
        table.add(
            .get,
            "/readyz",
            for: nil,
            "whether this replica may take traffic",
            Operation(.json(.health, "It may.")),
            readiness
        )
        table.add(
            .get,
            "/metrics",
            for: .viewer,
            "metrics for Prometheus",
            Operation(.text("text/plain", "In its text format.")),
            metrics
        )
    }

    private func health(_ request: Request, _ context: APIRequestContext) -> Response {
        Answer.json { $0.member("status", "alive") }
    }

    private func readiness(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        switch await dependencies.readiness.readiness() {
        case .ready:
            return Answer.json { json in
                json.member("status", "ready")
                json.member("halted", dependencies.readiness.isHalted)
            }
        case .unready(let reason, let detail): throw Problem.unready(reason, detail)
        }
    }

    private func metrics(_ request: Request, _ context: APIRequestContext) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: dependencies.metrics()))
        )
    }
}
