/// One series: what swift-metrics writes to and the page reads from.
protocol MetricCell: AnyObject, Sendable {
    func render(name: String, labels: SeriesLabels, into text: inout String)
}
