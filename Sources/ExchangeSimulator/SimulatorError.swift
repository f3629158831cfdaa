/// Why a simulator does not start, or does not run any more.
package struct SimulatorError: Error, Sendable, CustomStringConvertible {
    package enum Code: Sendable, Hashable {
        /// A value in ``SimulatorConfiguration`` makes no sense.
        case invalidSetting
        /// A recording cannot be read, or says something that cannot be.
        case invalidRecording
        /// The address is taken or not this machine's.
        case cannotListen
        /// The server has stopped.
        case stopped
    }

    package let code: Code
    /// What is wrong and what to do about it.
    package let message: String

    package var description: String { message }

    static func invalidSetting(_ message: String) -> SimulatorError {
        SimulatorError(code: .invalidSetting, message: message)
    }

    static func invalidRecording(_ file: String, line: Int? = nil, _ problem: String) -> SimulatorError {
        SimulatorError(code: .invalidRecording, message: "\(file)\(line.map { ", line \($0)" } ?? ""): \(problem)")
    }

    static func cannotListen(host: String, port: Int, _ underlying: any Error) -> SimulatorError {
        SimulatorError(code: .cannotListen, message: "The simulator cannot listen on \(host):\(port): \(underlying)")
    }

    static let stopped = SimulatorError(code: .stopped, message: "The simulator has stopped.")
}
