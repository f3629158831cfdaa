import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing
import Trading

extension TestResponse {
    var text: String { String(buffer: body) }

    /// The body as JSON, read by somebody else's parser.
    func json() throws -> JSON {
        JSON(value: try JSONSerialization.jsonObject(with: Data(body.readableBytesView), options: .fragmentsAllowed))
    }

    /// Checks that this is a problem as RFC 9457 wants it, that says what to do.
    func problem(_ status: HTTPResponse.Status, _ kind: String, location: SourceLocation = #_sourceLocation) throws
        -> JSON
    {
        #expect(self.status == status, sourceLocation: location)
        #expect(headers[.contentType] == "application/problem+json", sourceLocation: location)
        let json = try json()
        #expect(json["type"].string == "urn:tenure:problem:\(kind)", sourceLocation: location)
        #expect(json["status"].int == status.code, sourceLocation: location)
        #expect(!json["title"].string.isEmpty, sourceLocation: location)
        #expect(json["detail"].string.count > 20, sourceLocation: location)
        #expect(json["request_id"].string == headers[.requestID], sourceLocation: location)
        return json
    }
}

/// A look into parsed JSON; what is not there is empty.
struct JSON {
    let value: Any?

    subscript(key: String) -> JSON { JSON(value: (value as? [String: Any])?[key]) }
    subscript(index: Int) -> JSON { JSON(value: array.indices.contains(index) ? array[index].value : nil) }
    var array: [JSON] { (value as? [Any])?.map { JSON(value: $0) } ?? [] }
    var keys: Set<String> { Set((value as? [String: Any])?.keys.map(\.self) ?? []) }
    var string: String { value as? String ?? "" }
    var bool: Bool { value as? Bool ?? false }
    var int: Int { value as? Int ?? -1 }
    var isEmpty: Bool { keys.isEmpty && array.isEmpty }
    var isNull: Bool { value is NSNull }
    /// The fields that a problem names.
    var fields: [String] { self["errors"].array.map { $0["field"].string } }
}

extension HTTPField.Name {
    static let requestID = Self("X-Request-Id")!
}
