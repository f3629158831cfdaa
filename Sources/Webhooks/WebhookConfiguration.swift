/// Where notifications go, and how stubbornly.
package struct WebhookConfiguration: Sendable {
    package var url: String
    package var secret: WebhookSecret
    /// For one attempt: connecting, and the answer.
    package var timeout: Duration
    /// The longest wait before the second attempt; then twice as long each time, up to `longestPause`.
    package var firstPause: Duration
    package var longestPause: Duration
    /// After this an event is news no more: it is left out, and the log says so.
    package var giveUpAfter: Duration

    package init(
        url: String,
        secret: WebhookSecret,
        timeout: Duration = .seconds(10),
        firstPause: Duration = .seconds(1),
        longestPause: Duration = .seconds(60),
        giveUpAfter: Duration = .seconds(24 * 3_600)
    ) {
        self.url = url
        self.secret = secret
        self.timeout = timeout
        self.firstPause = firstPause
        self.longestPause = longestPause
        self.giveUpAfter = giveUpAfter
    }

    /// Between half of the full length and all of it, so that many senders do not come back at once.
    func pause(after failures: Int) -> Duration {
        let full = min(firstPause * (1 << min(max(failures, 1) - 1, 16)), longestPause)
        return full * Double.random(in: 0.5...1)
    }
}
