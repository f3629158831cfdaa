/// Why a strategy cannot be run. The message is shown to the user as the strategy's last error.
package struct HostingError: Error, CustomStringConvertible, Equatable {
    package enum Code: Sendable, Equatable {
        case unknownMode
        case unknownExchange
        case liveNotAllowed
        case refusedByExchange
        case endlessIntents
        /// Another replica owns the strategy now.
        case lost
    }

    package let code: Code
    package let message: String

    package var description: String { message }

    static func unknownMode(_ mode: String) -> HostingError {
        HostingError(
            code: .unknownMode,
            message: "this replica does not know the mode \"\(mode)\": upgrade it, or stop the strategy"
        )
    }

    static func unknownExchange(_ name: String) -> HostingError {
        HostingError(
            code: .unknownExchange,
            message: "this replica is not connected to the exchange \"\(name)\": configure it, or stop the strategy"
        )
    }

    static let liveNotAllowed = HostingError(
        code: .liveNotAllowed,
        message: """
            this replica sends no live orders: set TENURE_ALLOW_LIVE and the exchange's credentials on every replica, and \
            resume; or stop the strategy
            """
    )

    static func refusedByExchange(_ reason: String) -> HostingError {
        HostingError(
            code: .refusedByExchange,
            message: "the account cannot be traded on: \(reason); mend the API key, and resume"
        )
    }

    static func endlessIntents(mode: String) -> HostingError {
        HostingError(
            code: .endlessIntents,
            message: "mode \"\(mode)\" answers every refused order with another one: mend the strategy"
        )
    }

    static let lost = HostingError(code: .lost, message: "another replica owns this strategy now")
}
