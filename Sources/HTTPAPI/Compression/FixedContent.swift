import HTTPTypes
import Hummingbird
import NIOCore

/// What is the same for everybody for as long as this process lives: compressed once, as small as it gets.
struct FixedContent: Sendable {
    private let type: String
    private let plain: ByteBuffer
    private let compressed: ByteBuffer?
    /// An entity tag, without its quotes: another one for other bytes.
    private let tag: String
    private let headers: HTTPFields

    /// - Parameter headers: Further ones.
    init(_ type: String, _ bytes: [UInt8], headers: HTTPFields = [:]) {
        self.type = type
        plain = ByteBuffer(bytes: bytes)
        compressed = Gzip.compress(plain, .most)
        // FNV-1a: it has to tell versions apart, not to withstand anybody.
        let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        tag = String(hash, radix: 16)
        self.headers = headers
    }

    func answer(_ request: Request) -> Response {
        let isCompressed = compressed != nil && AcceptedEncodings(request.headers).prefersGzip
        // Other bytes, another tag.
        let tag = isCompressed ? "\"\(tag)-gzip\"" : "\"\(tag)\""
        var headers = headers
        headers[.eTag] = tag
        headers[.vary] = "Accept-Encoding"
        // Asked for every time: another replica may have another version.
        headers[.cacheControl] = "no-cache"
        let known = (request.headers[.ifNoneMatch] ?? "").split(separator: ",").map { $0.trimmingPrefix { $0 == " " } }
        if known.contains(where: { $0 == tag || $0 == "W/\(tag)" || $0 == "*" }) {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = type
        if isCompressed { headers[.contentEncoding] = "gzip" }
        let body = isCompressed ? compressed ?? plain : plain
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: body))
    }
}
