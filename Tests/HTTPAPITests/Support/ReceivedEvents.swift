import AsyncHTTPClient
import Foundation
import HummingbirdTesting
import NIOCore
import NIOHTTP1
import Postgres
import Testing

/// Reads a stream of server-sent events, as a browser does.
struct ReceivedEvents {
    struct Message {
        let id: Int64
        let kind: String
        let data: JSON
        /// The number in the details of the events of ``APIFixture/happen(_:)``.
        var number: Int { data["details"]["n"].int }
    }

    private var parts: AsyncThrowingStream<String, any Error>.Iterator
    private var text = ""

    init(_ parts: AsyncThrowingStream<String, any Error>) {
        self.parts = parts.makeAsyncIterator()
    }

    /// The next messages, as many as wanted.
    mutating func next(_ count: Int) async throws -> [Message] {
        var messages: [Message] = []
        while messages.count < count {
            while let end = text.firstRange(of: "\n\n") {
                let block = text[..<end.lowerBound]
                text.removeSubrange(..<end.upperBound)
                if let message = try Self.message(block) { messages.append(message) }
                if messages.count == count { return messages }
            }
            let part = try await parts.next(isolation: #isolation)
            text += try #require(part, "the stream ended after \(messages.count) messages")
        }
        return messages
    }

    /// Nil for comments and the like.
    private static func message(_ block: Substring) throws -> Message? {
        var fields: [Substring: Substring] = [:]
        for line in block.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            fields[parts[0]] = parts[1].dropFirst()
        }
        guard let data = fields["data"] else { return nil }
        return Message(
            id: try #require(fields["id"].flatMap { Int64($0) }),
            kind: String(try #require(fields["event"])),
            data: JSON(value: try JSONSerialization.jsonObject(with: Data(data.utf8)))
        )
    }
}

extension APIFixture {
    /// Reads the stream while something happens.
    func read<Result>(
        query: String = "",
        after id: Int64? = nil,
        _ body: (inout ReceivedEvents) async throws -> Result
    ) async throws -> Result {
        let port = try #require(client.port)
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/api/events\(query)")
        if let id { request.headers.add(name: "Last-Event-ID", value: "\(id)") }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(240))
        #expect(response.status == .ok)
        #expect(response.headers["content-type"] == ["text/event-stream; charset=utf-8"])
        let (parts, part) = AsyncThrowingStream.makeStream(of: String.self)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                do {
                    for try await bytes in response.body { part.yield(String(buffer: bytes)) }
                    part.finish()
                } catch {
                    part.finish(throwing: error)
                }
            }
            var events = ReceivedEvents(parts)
            return try await body(&events)
        }
    }

    /// Writes events.
    func happen(_ numbers: ClosedRange<Int>) async throws {
        try await pool.query(
            """
            INSERT INTO tenure.events (kind, details) SELECT 'test', jsonb_build_object('n', n)
            FROM generate_series(\(Int64(numbers.lowerBound)), \(Int64(numbers.upperBound))) n ORDER BY n
            """
        )
    }
}
