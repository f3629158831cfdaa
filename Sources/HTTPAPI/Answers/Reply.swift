import HTTPTypes
import Hummingbird
import NIOCore

/// An answer whose body is text, before it goes out: it can be kept.
struct Reply: Sendable {
    var status: HTTPResponse.Status
    /// With the content's type.
    var headers: HTTPFields
    var body: [UInt8]

    static func json(
        _ status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:],
        _ write: (inout JSONWriter) -> Void
    ) -> Reply {
        var headers = headers
        headers[.contentType] = "application/json"
        return Reply(status: status, headers: headers, body: JSONWriter.object(write))
    }

    var response: Response {
        Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
