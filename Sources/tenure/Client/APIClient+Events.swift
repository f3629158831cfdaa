import ArgumentParser
import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Trading

extension APIClient {
    /// Before a stream that broke off is opened again.
    private static let pause = Duration.milliseconds(500)

    /// Hands over every event of a stream of server-sent events, through broken connections and dying replicas, for ever.
    ///
    /// - Throws: An `ExitCode` if the first request is not answered, or any is refused.
    func follow(_ path: String, _ query: [String: String], _ handle: (JSONValue) -> Void) async throws {
        var query = query
        var isOpen = false
        while true {
            let path = path + Self.text(of: query)
            do {
                // No deadline: a stream may be silent for long, and connecting has a limit of its own.
                let response = try await http.execute(
                    request(.GET, path, accept: "text/event-stream"),
                    deadline: .distantFuture
                )
                if response.status == .ok {
                    isOpen = true
                    var lines = EventLines()
                    for try await part in response.body {
                        for event in lines.add(part) {
                            if let id = event["id"]?.integer { query["last_event_id"] = "\(id)" }
                            handle(event)
                        }
                    }
                } else if !isOpen || response.status.code < 500 {
                    let text = String(buffer: try await response.body.collect(upTo: 1 << 20))
                    throw refusal(of: path, Int(response.status.code), try? JSONValue(text: text))
                }
            } catch let error as ExitCode {
                throw error
            } catch {
                guard isOpen else { throw noAnswer(error) }
            }
            // It comes back by itself: there is nothing to wait for but time.
            try await Task.sleep(for: Self.pause)
        }
    }
}
