import CZlib
import Dashboard
import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@Suite("Compressed answers", .timeLimit(.minutes(5)))
struct CompressionTests {
    private static let gzip: HTTPFields = [.acceptEncoding: "gzip, deflate, br"]

    /// By zlib itself, which checks length and checksum, too.
    private static func inflated(_ body: ByteBuffer) throws -> String {
        var stream = z_stream()
        try #require(inflateInit2_(&stream, MAX_WBITS + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK)
        defer { inflateEnd(&stream) }
        var (input, output) = (Array(body.readableBytesView), [UInt8](repeating: 0, count: 8 << 20))
        let end = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
                (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(output.count))
                return inflate(&stream, Z_FINISH)
            }
        }
        try #require(end == Z_STREAM_END)
        return String(decoding: output.prefix(Int(stream.total_out)), as: UTF8.self)
    }

    @Test("a long list is compressed for whoever can undo it, its length is right, and HEAD says the same")
    func list() async throws {
        try await APIFixture.with { api in
            for number in 0..<12 { _ = try await api.started("COIN\(number)") }
            let path = "/api/live-strategy/history"
            for number in 0..<12 { _ = try await api.stop("COIN\(number)") }
            let plain = try await api.get(path)
            #expect(plain.headers[.contentEncoding] == nil)
            #expect(plain.headers[.vary] == "Accept-Encoding")
            #expect(plain.headers[.contentLength] == "\(plain.body.readableBytes)")
            let compressed = try await api.get(path, headers: Self.gzip)
            #expect(compressed.status == .ok)
            #expect(compressed.headers[.contentEncoding] == "gzip")
            #expect(compressed.headers[.contentType] == "application/json")
            #expect(compressed.headers[.vary] == "Accept-Encoding")
            #expect(compressed.headers[.contentLength] == "\(compressed.body.readableBytes)")
            #expect(compressed.body.readableBytes < plain.body.readableBytes / 3)
            #expect(try Self.inflated(compressed.body) == plain.text)
            for (answer, headers) in [(plain, HTTPFields()), (compressed, Self.gzip)] {
                let head = try await api.client.execute(uri: path, method: .head, headers: headers)
                #expect(head.body.readableBytes == 0)
                for name in [HTTPField.Name.contentLength, .contentEncoding, .contentType, .vary] {
                    #expect(head.headers[name] == answer.headers[name], "\(name)")
                }
            }
            let refused = try await api.get(path, headers: [.acceptEncoding: "gzip;q=0"])
            #expect(refused.headers[.contentEncoding] == nil && refused.text == plain.text)
        }
    }

    @Test("small answers and streams go out as they are")
    func others() async throws {
        try await APIFixture.with(owned: false) { api in
            for path in ["/healthz", "/api/replicas/999", "/api/live-strategy/history"] {
                let answer = try await api.get(path, headers: Self.gzip)
                #expect(answer.headers[.contentEncoding] == nil, "\(path)")
                #expect(answer.headers[.vary] == nil, "\(path)")
                #expect(answer.headers[.contentLength] == "\(answer.body.readableBytes)", "\(path)")
            }
            let stream = try await api.client.execute(uri: "/api/events", method: .head, headers: Self.gzip)
            #expect(stream.headers[.contentType] == "text/event-stream; charset=utf-8")
            #expect(stream.headers[.contentEncoding] == nil)
        }
    }

    @Test("what is the same for everybody is compressed, and has a tag for each of its forms")
    func fixed() async throws {
        try await APIFixture.offline { api in
            for path in ["/", "/dashboard/style.css", "/dashboard/app.js", "/openapi.json", "/api"] {
                let plain = try await api.get(path)
                let compressed = try await api.get(path, headers: Self.gzip)
                #expect(plain.headers[.contentEncoding] == nil)
                #expect(compressed.headers[.contentEncoding] == "gzip", "\(path)")
                #expect(compressed.headers[.contentLength] == "\(compressed.body.readableBytes)")
                #expect(try Self.inflated(compressed.body) == plain.text)
                #expect(compressed.body.readableBytes < plain.body.readableBytes)
                let tags = try [plain, compressed].map { try #require($0.headers[.eTag]) }
                #expect(tags[0] != tags[1])
                for (tag, encoding) in zip(tags, ["identity", "gzip"]) {
                    let fields: HTTPFields = [.ifNoneMatch: tag, .acceptEncoding: encoding]
                    let known = try await api.get(path, headers: fields)
                    #expect(known.status == .notModified)
                    #expect(known.headers[.eTag] == tag && known.headers[.vary] == "Accept-Encoding")
                }
                let other = try await api.get(path, headers: [.ifNoneMatch: tags[0], .acceptEncoding: "gzip"])
                #expect(other.status == .ok)
            }
        }
    }
}
