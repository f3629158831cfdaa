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

    static let unknownOrder = APIError(code: -2013, "Order does not exist.")

    /// What the matching engine refuses.
    static func rejected(_ message: String) -> APIError { APIError(code: -2010, message) }

    /// What Binance says with a status when something of its own went wrong, or too much was asked.
    static func failure(status: Int, code: Int? = nil, retryAfter: Int? = nil) -> APIError {
        let code = code ?? (status == 504 ? -1007 : status == 429 || status == 418 ? -1003 : -1000)
        let message =
            switch code {
            case -1003: "Too many requests queued."
            case -1006: "An unexpected response was received from the message bus. Execution status unknown."
            case -1007:
                "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
            case -1008: "Server is currently overloaded with other requests. Please try again in a few minutes."
            default: "An unknown error occurred while processing the request."
            }
        return APIError(.init(statusCode: status), code: code, message, retryAfter: retryAfter)
    }

    static func notRequired(_ name: String) -> APIError {
        APIError(code: -1106, "Parameter '\(name)' sent when not required.")
    }

    static func invalidData(_ name: String) -> APIError {
        APIError(code: -1130, "Data sent for parameter '\(name)' is not valid.")
    }

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
