/// What Binance answers with a 4xx: `{"code":-1121,"msg":"Invalid symbol."}`.
struct BinanceErrorDocument: Decodable {
    let code: Int
    let msg: String

    /// `BAD_SYMBOL`.
    static let badSymbol = -1121
    /// `NO_SUCH_ORDER`.
    static let noSuchOrder = -2013
    /// `INVALID_TIMESTAMP`.
    static let invalidTimestamp = -1021
    /// `TOO_MANY_REQUESTS`.
    static let tooManyRequests = -1003
    /// `TOO_MANY_ORDERS`.
    static let tooManyOrders = -1015

    /// What the code means for whoever asked.
    var errorCode: ExchangeError.Code {
        switch code {
        case Self.badSymbol: .unknownSymbol
        case Self.tooManyRequests: .rateLimited
        case Self.invalidTimestamp: .outsideWindow
        // -1000 UNKNOWN, -1001 DISCONNECTED, -1006 UNEXPECTED_RESP, -1007 TIMEOUT, -1008 SERVER_BUSY
        case -1000, -1001, -1006, -1007, -1008: .unreachable
        case -1199 ... -1100: .invalidRequest
        default: .rejected
        }
    }
}
