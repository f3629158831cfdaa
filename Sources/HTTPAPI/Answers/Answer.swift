import HTTPTypes
import Hummingbird
import NIOCore

/// Makes answers out of JSON.
enum Answer {
    static func json(
        _ status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:],
        _ write: (inout JSONWriter) -> Void
    ) -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        return Response(
            status: status,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: JSONWriter.object(write)))
        )
    }

    /// A list: its items and, if there are more, the cursor of the next page.
    static func list<Item>(
        _ items: [Item],
        next: Cursor?,
        _ write: (Item, inout JSONWriter) -> Void
    ) -> Response {
        json { json in
            json.member("items") { json in
                json.array(items) { json, item in write(item, &json) }
            }
            json.member("next_cursor", next?.text)
        }
    }
}
