import Crypto

/// A key and its secret, and what they sign.
///
/// Neither is ever shown: as text this is a placeholder.
package struct BinanceCredentials: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    let apiKey: String
    /// Has read the secret, and nothing else.
    private let keyed: HMAC<SHA256>

    /// - Throws: ``ExchangeError/Code/invalidRequest`` for what cannot be a key or a secret.
    package init(apiKey: String, apiSecret: String) throws(ExchangeError) {
        for (name, text) in [("key", apiKey), ("secret", apiSecret)] {
            let isPlain = text.utf8.allSatisfy { byte in
                (UInt8(ascii: "!")...UInt8(ascii: "~")).contains(byte) && byte != UInt8(ascii: "\"")
                    && byte != UInt8(ascii: "\\")
            }
            guard !text.isEmpty, isPlain else {
                throw ExchangeError(
                    .invalidRequest,
                    "the API \(name) is empty or has characters that no API \(name) has; check for blanks and line ends"
                )
            }
        }
        self.apiKey = apiKey
        keyed = HMAC<SHA256>(key: SymmetricKey(data: Array(apiSecret.utf8)))
    }

    /// HMAC SHA-256 of exactly these bytes, in hexadecimal.
    func signature(of payload: String) -> String {
        var code = keyed
        code.update(data: Array(payload.utf8))
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in code.finalize() {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    package var description: String { "BinanceCredentials(…)" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
