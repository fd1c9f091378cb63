package event

// SceneCreated adds a scene to the strip.
type SceneCreated struct {
	SceneID ID     `json:"sceneId"`
	Name    Text   `json:"name" personal:"actor"`
	Layout  Layout `json:"layout"`
	Order   int    `json:"order"`
}

// SceneUpdated replaces name, layout and place of a scene.
type SceneUpdated struct {
	SceneID ID     `json:"sceneId"`
	Name    Text   `json:"name" personal:"actor"`
	Layout  Layout `json:"layout"`
	Order   int    `json:"order"`
}

// SceneDeleted removes a scene that is not on screen.
type SceneDeleted struct {
	SceneID ID `json:"sceneId"`
}

// SceneChanged puts a scene on screen. Copies carry the board page that comes with it.
type SceneChanged struct {
	SceneID ID         `json:"sceneId"`
	Layout  Layout     `json:"layout"`
	Page    *BoardPage `json:"page,omitempty"` // copies only
}

// LayoutChanged changes the layout of a scene.
type LayoutChanged struct {
	SceneID ID     `json:"sceneId"`
	Layout  Layout `json:"layout"`
}

// SlideChanged shows a page of an asset in a scene: a slide, or a board page when the asset is a whiteboard.
type SlideChanged struct {
	SceneID   ID         `json:"sceneId"`
	AssetID   ID         `json:"assetId"`
	PageIndex int        `json:"pageIndex"`      // from 0
	Page      *BoardPage `json:"page,omitempty"` // copies only
}

// AssetAdded: slides, pictures or media that the class may show; the bytes lie at the edge under their digest.
type AssetAdded struct {
	AssetID     ID     `json:"assetId"`
	Kind        string `json:"kind"` // slide, media
	Name        Text   `json:"name" personal:"actor"`
	ContentType string `json:"contentType"`
	Size        int64  `json:"size"` // bytes
	Digest      Hash   `json:"digest"`
	Pages       int    `json:"pages"`
}

// AssetRemoved takes an asset that is not on screen out of the class.
type AssetRemoved struct {
	AssetID ID `json:"assetId"`
}

// Operation is one change of a board page.
type Operation struct {
	Op       string  `json:"op"` // draw, erase
	StrokeID ID      `json:"strokeId"`
	Stroke   *Stroke `json:"stroke,omitempty"` // with draw
}

// Stroke is a mark on a board page. Coordinates are integers 0…65535 in the page's own square.
type Stroke struct {
	Kind   string `json:"kind"`   // pen, highlighter, line, arrow, rectangle, ellipse, text
	Color  string `json:"color"`  // #rrggbb
	Width  int    `json:"width"`  // 1…65535 in the page's units
	Points []int  `json:"points"` // x, y, x, y …; pen with pressure: x, y, p, …
	Press  bool   `json:"press,omitzero"`
	Text   Text   `json:"text,omitzero" personal:"actor"`
}

// WhiteboardUpdated draws on or erases from a board page. Checksum is the page's after it: SHA-256 over the checksum
// before ‖ the canonical JSON of the change, from 32 zero bytes for a new page; texts are left out (boardChange in the rules).
type WhiteboardUpdated struct {
	SceneID    ID          `json:"sceneId"`
	AssetID    ID          `json:"assetId"`
	Checksum   Hash        `json:"checksum"`
	Operations []Operation `json:"operations"`
}

// BoardUndone takes back the last change that the actor made to a page: hides what it drew, shows what it erased.
type BoardUndone struct {
	SceneID  ID   `json:"sceneId"`
	AssetID  ID   `json:"assetId"`
	Checksum Hash `json:"checksum"`
	Hide     []ID `json:"hide,omitempty"`
	Show     []ID `json:"show,omitempty"`
}

// BoardCleared empties a page.
type BoardCleared struct {
	SceneID  ID   `json:"sceneId"`
	AssetID  ID   `json:"assetId"`
	Checksum Hash `json:"checksum"`
}

// BoardPageAdded adds an empty page to a scene's board and shows it.
type BoardPageAdded struct {
	SceneID ID  `json:"sceneId"`
	AssetID ID  `json:"assetId"`
	Index   int `json:"index"` // from 0
}

// BoardPage is the content of a page, as views and copies carry it.
type BoardPage struct {
	AssetID  ID            `json:"assetId"`
	Checksum Hash          `json:"checksum"`
	Points   int           `json:"points"`         // numbers in all strokes, hidden ones too
	Large    bool          `json:"large,omitzero"` // strokes are left out: fetch the page by its checksum
	Strokes  []BoardStroke `json:"strokes,omitempty"`
}

// BoardStroke is a stroke with its place on a page.
type BoardStroke struct {
	ID     ID     `json:"id"`
	UserID ID     `json:"userId"`
	Hidden bool   `json:"hidden,omitzero"`               // erased or undone; kept so that an undo can show it again
	Stroke Stroke `json:"stroke" personalActor:"userId"` // its text belongs to who drew it
}
