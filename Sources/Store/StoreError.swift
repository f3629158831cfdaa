/// What the stored data or a value to be stored cannot be. The message says what to do.
package struct StoreError: Error, CustomStringConvertible {
    package enum Code: Sendable, Equatable {
        /// Written by another version, or by hand.
        case unreadable
        /// An amount beyond ± 92 billion.
        case outOfRange
    }

    package let code: Code
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }
}
