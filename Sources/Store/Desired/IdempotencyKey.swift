import Crypto

/// How a sender names one request of its own, so that it can be sent again without being done again.
package struct IdempotencyKey: Sendable, Hashable {
    package let sender: String
    package let key: String
    /// Tells what was asked for.
    package let fingerprint: String

    /// - Parameters:
    ///   - sender: Whose key it is: each has keys of their own.
    ///   - request: All that it asks for, as a text.
    package init(sender: String, key: String, request: String) {
        self.sender = sender
        self.key = key
        let digits = Array("0123456789abcdef")
        fingerprint = String(
            SHA256.hash(data: Array(request.utf8)).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        )
    }
}
