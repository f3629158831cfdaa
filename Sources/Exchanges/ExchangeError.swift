/// Why an exchange did not do what it was asked.
package struct ExchangeError: Error, Sendable {
    package enum Code: String, Sendable, Hashable {
        /// There is no such market, or it does not trade now.
        case unknownSymbol
        /// The request is wrong in itself; sending it again cannot help.
        case invalidRequest
        /// Too many requests: wait for ``ExchangeError/retryAfter``.
        case rateLimited
        /// No answer: no connection, a timeout, or the exchange's own failure (5xx). Worth trying again.
        case unreachable
        /// The request was too old when it arrived, or the two clocks disagree. Worth trying again, with a new time.
        case outsideWindow
        /// The exchange understood the request and refused it.
        case rejected
        /// The answer is not what the exchange's documentation promises.
        case malformed
        /// The task that asked was cancelled.
        case cancelled
        /// This side has been shut down.
        case shutDown
    }

    package let code: Code
    /// What happened and what to do, for people.
    package let message: String
    /// The exchange's own error code (Binance: −1121, −1003, …).
    package let exchangeCode: Int?
    package let httpStatus: Int?
    /// How long the exchange wants to be left alone.
    package let retryAfter: Duration?
    package let underlying: (any Error)?
    package let file: String
    package let line: Int

    package init(
        _ code: Code,
        _ message: String,
        exchangeCode: Int? = nil,
        httpStatus: Int? = nil,
        retryAfter: Duration? = nil,
        underlying: (any Error)? = nil,
        file: String = #fileID,
        line: Int = #line
    ) {
        self.code = code
        self.message = message
        self.exchangeCode = exchangeCode
        self.httpStatus = httpStatus
        self.retryAfter = retryAfter
        self.underlying = underlying
        self.file = file
        self.line = line
    }

    /// Whether the same request may succeed later, without anybody changing anything.
    package var isTransient: Bool {
        switch code {
        case .rateLimited, .unreachable, .outsideWindow, .malformed: true
        case .unknownSymbol, .invalidRequest, .rejected, .cancelled, .shutDown: false
        }
    }
}

extension ExchangeError: CustomStringConvertible {
    package var description: String {
        var text = "\(code.rawValue): \(message)"
        if let exchangeCode { text += " (exchange code \(exchangeCode))" }
        if let httpStatus { text += " (HTTP \(httpStatus))" }
        return text
    }
}
