//go:build ignore

// Draws the photos of the shop's items into static/: go run draw_photos.go
package main

import (
	"image"
	"image/color"
	"image/jpeg"
	"log"
	"math"
	"math/rand/v2"
	"os"
)

const width, height = 480, 320

// scene is the colour at a place; x and y go from 0 to 1, y downwards.
type scene func(x, y float64, rng *rand.Rand) [3]float64

func main() {
	for name, paint := range map[string]scene{"harbour": harbour, "hills": hills, "market": market, "night": night} {
		rng := rand.New(rand.NewPCG(5, uint64(len(name))))
		img := image.NewRGBA(image.Rect(0, 0, width, height))
		for py := range height {
			for px := range width {
				x, y := float64(px)/width, float64(py)/height
				c := paint(x, y, rng)
				shade := 1 - 0.35*math.Hypot(x-0.5, y-0.5) // as a lens does
				for i := range c {
					c[i] = 255 * min(1, max(0, c[i]*shade+0.015*rng.NormFloat64()))
				}
				img.SetRGBA(px, py, color.RGBA{uint8(c[0]), uint8(c[1]), uint8(c[2]), 255})
			}
		}
		f, err := os.Create("static/photo-" + name + ".jpg")
		if err != nil {
			log.Fatal(err)
		}
		if err := jpeg.Encode(f, img, &jpeg.Options{Quality: 72}); err != nil {
			log.Fatal(err)
		}
		if err := f.Close(); err != nil {
			log.Fatal(err)
		}
	}
}

func mix(a, b [3]float64, t float64) [3]float64 {
	t = min(1, max(0, t))
	for i := range a {
		a[i] += (b[i] - a[i]) * t
	}
	return a
}

// ridge is the height of a range of hills.
func ridge(x, base, size, seed float64) float64 {
	return base - size*(math.Sin(3*x+seed)+0.5*math.Sin(7*x+2*seed)+0.25*math.Sin(17*x+3*seed))
}

// harbour is the sea at sunset, with boats.
func harbour(x, y float64, _ *rand.Rand) [3]float64 {
	sky := mix([3]float64{0.35, 0.45, 0.7}, [3]float64{1, 0.72, 0.45}, y/0.55)
	sun := math.Exp(-60 * (sq(1.5*(x-0.68)) + sq(y-0.45)))
	c := mix(sky, [3]float64{1, 0.95, 0.8}, sun)
	if y > 0.55 {
		c = mix([3]float64{0.5, 0.45, 0.5}, [3]float64{0.08, 0.2, 0.3}, (y-0.55)/0.4)
		glint := math.Max(0, math.Sin(180*y+9*math.Sin(23*x))) * math.Exp(-30*sq(x-0.68))
		c = mix(c, [3]float64{1, 0.85, 0.6}, 0.7*glint)
	}
	for _, boat := range [][2]float64{{0.2, 0.62}, {0.38, 0.58}, {0.86, 0.66}} {
		dx, dy := x-boat[0], y-boat[1]
		if (dy > -0.02 && dy < 0.02 && math.Abs(dx) < 0.07-dy) || (dy < -0.02 && dy > -0.2 && dx > 0 && dx < 0.3*(dy+0.2)) {
			c = mix(c, [3]float64{0.12, 0.1, 0.14}, 0.9)
		}
	}
	return c
}

// hills are five ranges in the morning.
func hills(x, y float64, _ *rand.Rand) [3]float64 {
	c := mix([3]float64{0.55, 0.75, 0.95}, [3]float64{0.98, 0.93, 0.85}, y/0.5)
	for i := range 5 {
		f := float64(i) / 4
		if y > ridge(x, 0.42+0.13*float64(i), 0.05, 1.7*float64(i)) {
			c = mix([3]float64{0.65, 0.75, 0.8}, [3]float64{0.12, 0.3, 0.16}, f)
		}
	}
	return c
}

// market is a stall of fruit.
func market(x, y float64, _ *rand.Rand) [3]float64 {
	if y < 0.3 { // the awning
		if int(x*12)%2 == 0 {
			return mix([3]float64{0.85, 0.2, 0.2}, [3]float64{0.5, 0.1, 0.1}, y/0.3)
		}
		return mix([3]float64{0.97, 0.95, 0.9}, [3]float64{0.6, 0.58, 0.55}, y/0.3)
	}
	row := math.Floor((y - 0.3) / 0.14)
	fx, fy := math.Mod(x+0.04*math.Mod(row, 2), 0.08)/0.08-0.5, math.Mod(y-0.3, 0.14)/0.14-0.5
	fruits := [][3]float64{{0.95, 0.6, 0.1}, {0.8, 0.15, 0.15}, {0.5, 0.7, 0.2}, {0.95, 0.85, 0.3}, {0.45, 0.2, 0.45}}
	r := math.Hypot(fx, fy)
	c := fruits[int(row)%len(fruits)]
	if r > 0.47 {
		return [3]float64{0.25, 0.17, 0.1}
	}
	light := 1 - 0.9*r - 0.5*(fx+fy)
	return mix([3]float64{c[0] * light, c[1] * light, c[2] * light}, [3]float64{1, 1, 1}, 0.6*math.Exp(-40*(sq(fx+0.15)+sq(fy+0.18))))
}

// night is a town with lit windows.
func night(x, y float64, _ *rand.Rand) [3]float64 {
	c := mix([3]float64{0.04, 0.05, 0.14}, [3]float64{0.25, 0.16, 0.3}, y)
	c = mix(c, [3]float64{0.95, 0.95, 0.85}, math.Exp(-900*(sq(1.5*(x-0.8))+sq(y-0.18))))
	house := math.Floor(x * 14)
	roof := 0.45 + 0.25*math.Abs(math.Sin(12.9*house))
	if y > roof {
		c = [3]float64{0.06, 0.06, 0.1}
		wx, wy := math.Mod(x*14, 1), math.Mod(y*20, 1)
		lit := math.Sin(78.2*house+37.7*math.Floor(y*20)+11*math.Floor(2*wx)) > 0.1
		if wx2 := math.Mod(2*wx, 1); lit && wx2 > 0.3 && wx2 < 0.7 && wy > 0.25 && wy < 0.75 {
			c = [3]float64{0.98, 0.8, 0.4}
		}
	}
	return c
}

func sq(v float64) float64 { return v * v }
