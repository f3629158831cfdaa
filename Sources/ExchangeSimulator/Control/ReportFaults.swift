/// What goes wrong with the reports on user data streams: so many of each kind are still to come.
///
/// Reports come in groups: what one order or one movement of the market caused. Pure.
struct ReportFaults: Sendable, Hashable {
    /// Reports that are lost.
    var dropped = 0
    /// Reports that come twice.
    var duplicated = 0
    /// Groups that come in reverse.
    var reversed = 0
    /// Groups that come late, and how late; others may overtake them.
    var delayed = 0
    var delay: Duration = .zero

    mutating func spoil<Report: Sendable>(_ reports: [Report]) -> (reports: [Report], delay: Duration?) {
        guard !reports.isEmpty else { return (reports, nil) }
        var sent: [Report] = []
        for report in reports {
            if dropped > 0 {
                dropped -= 1
                continue
            }
            sent.append(report)
            if duplicated > 0 {
                duplicated -= 1
                sent.append(report)
            }
        }
        if reversed > 0 {
            reversed -= 1
            sent.reverse()
        }
        guard delayed > 0 else { return (sent, nil) }
        delayed -= 1
        return (sent, delay)
    }
}
