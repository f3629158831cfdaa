import FoundationEssentials
import NIOHTTP1
import Trading

/// A refusal in Binance's terms: an HTTP status, a code and a message.
struct APIError: Error, Sendable, Hashable {
    let status: HTTPResponseStatus
    let code: Int
    let message: String
    var retryAfter: Int?

    init(_ status: HTTPResponseStatus = .badRequest, code: Int, _ message: String, retryAfter: Int? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    var text: String {
        JSONValue.object(["code": .number(.init(code)), "msg": .string(message)]).text
    }

    static let invalidSymbol = APIError(code: -1121, "Invalid symbol.")
    static let invalidInterval = APIError(code: -1120, "Invalid interval.")
    static let invalidCombination = APIError(code: -1128, "Combination of optional parameters invalid.")

    static func missing(_ name: String) -> APIError {
        APIError(code: -1102, "Mandatory parameter '\(name)' was not sent, was empty/null, or malformed.")
    }

    static func empty(_ name: String) -> APIError { APIError(code: -1105, "Parameter '\(name)' was empty.") }

    static func duplicate(_ name: String) -> APIError {
        APIError(code: -1101, "Duplicate values for parameter '\(name)' detected.")
    }

    static func illegalCharacters(_ name: String, range: String) -> APIError {
        APIError(code: -1100, "Illegal characters found in parameter '\(name)'; legal range is '\(range)'.")
    }

    static func unread(read: Int, sent: Int) -> APIError {
        APIError(code: -1104, "Not all sent parameters were read; read '\(read)' parameter(s) but was sent '\(sent)'.")
    }
}
