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
        Reply.json(status, headers: headers, write).response
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
