import Glibc

/// A wall clock that is wrong, by libfaketime (`apt-get install libfaketime`). The monotonic clocks stay right.
enum FakeClock {
    private static let library = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"

    static var isAvailable: Bool { access(library, R_OK) == 0 }

    /// - Parameter offset: In seconds.
    static func environment(offset: Int) -> [String: String] {
        [
            "LD_PRELOAD": library,
            "FAKETIME": "\(offset < 0 ? "" : "+")\(offset)s",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            // A killed process would leave it behind.
            "FAKETIME_DISABLE_SHM": "1",
        ]
    }
}
