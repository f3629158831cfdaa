extension DashboardFile {
    /// What is at `/`.
    package static let page = DashboardFile(PackageResources.index_html, "text/html; charset=utf-8")

    /// What it consists of, by name. One line for each other file in `Files`: `app.js` is `PackageResources.app_js`.
    package static let all: [String: DashboardFile] = [
        "icon.svg": DashboardFile(PackageResources.icon_svg, "image/svg+xml"),
        "style.css": DashboardFile(PackageResources.style_css, "text/css; charset=utf-8"),
        "app.js": script(PackageResources.app_js),
        "actions.js": script(PackageResources.actions_js),
        "api.js": script(PackageResources.api_js),
        "canvas.js": script(PackageResources.canvas_js),
        "chart.js": script(PackageResources.chart_js),
        "curve.js": script(PackageResources.curve_js),
        "decimal.js": script(PackageResources.decimal_js),
        "dialog.js": script(PackageResources.dialog_js),
        "dom.js": script(PackageResources.dom_js),
        "edit.js": script(PackageResources.edit_js),
        "equity.js": script(PackageResources.equity_js),
        "events.js": script(PackageResources.events_js),
        "exposure.js": script(PackageResources.exposure_js),
        "fields.js": script(PackageResources.fields_js),
        "format.js": script(PackageResources.format_js),
        "halt.js": script(PackageResources.halt_js),
        "history.js": script(PackageResources.history_js),
        "ledger.js": script(PackageResources.ledger_js),
        "overview.js": script(PackageResources.overview_js),
        "parameters.js": script(PackageResources.parameters_js),
        "replay.js": script(PackageResources.replay_js),
        "replicas.js": script(PackageResources.replicas_js),
        "signin.js": script(PackageResources.signin_js),
        "start.js": script(PackageResources.start_js),
        "strategies.js": script(PackageResources.strategies_js),
        "strategy.js": script(PackageResources.strategy_js),
        "trail.js": script(PackageResources.trail_js),
    ]

    private static func script(_ bytes: [UInt8]) -> DashboardFile {
        DashboardFile(bytes, "text/javascript; charset=utf-8")
    }
}
