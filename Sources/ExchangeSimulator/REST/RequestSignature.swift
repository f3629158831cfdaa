import Crypto
import NIOCore

/// HMAC SHA-256 over exactly what was received.
enum RequestSignature {
    /// What a request's signature must have been made of: query and body as they came, without the signature itself. Of a request
    /// over a socket, by Binance's rule, its parameters sorted by name.
    static func payload(of request: SimulatorRequest) -> [UInt8] {
        guard let parameters = request.socketParameters else {
            return unsigned(Array(request.query.utf8)) + unsigned(Array(request.body.readableBytesView))
        }
        let pairs = parameters.filter { $0.key != "signature" }.sorted { $0.key < $1.key }
        return Array(pairs.map { "\($0.key)=\($0.value)" }.joined(separator: "&").utf8)
    }

    /// Hexadecimal, upper or lower case.
    static func isValid(_ signature: String, payload: [UInt8], secret: String) -> Bool {
        guard let code = bytes(hexadecimal: signature) else { return false }
        let key = SymmetricKey(data: Array(secret.utf8))
        return HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: payload, using: key)
    }

    private static func unsigned(_ text: [UInt8]) -> [UInt8] {
        let ampersand = UInt8(ascii: "&")
        let fields = text.split(separator: ampersand, omittingEmptySubsequences: false)
            .filter { !$0.starts(with: "signature=".utf8) }
        return Array(fields.joined(separator: [ampersand]))
    }

    private static func bytes(hexadecimal text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
    }
}
