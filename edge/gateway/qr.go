package gateway

import (
	"strconv"

	"rsc.io/qr"
)

// quietZone is the white border, in modules, that readers of QR codes need.
const quietZone = 4

// qrPicture draws a text as a QR code: SVG that scales to any size, one unit a module.
func qrPicture(text string) (string, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", err
	}
	size := strconv.Itoa(code.Size + 2*quietZone)
	svg := []byte(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ` + size + ` ` + size + `" shape-rendering="crispEdges">` +
		`<rect width="` + size + `" height="` + size + `" fill="#fff"/><path fill="#000" d="`)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > from { // a run of black modules
				svg = append(svg, 'M')
				svg = strconv.AppendInt(svg, int64(from+quietZone), 10)
				svg = append(svg, ' ')
				svg = strconv.AppendInt(svg, int64(y+quietZone), 10)
				svg = append(svg, 'h')
				svg = strconv.AppendInt(svg, int64(x-from), 10)
				svg = append(svg, "v1h-"...)
				svg = strconv.AppendInt(svg, int64(x-from), 10)
				svg = append(svg, 'z')
			}
		}
	}
	return string(append(svg, `"/></svg>`...)), nil
}
